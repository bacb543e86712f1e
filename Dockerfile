# Sidegate in a container. docs/docker.md says how to use it for your own apps.
#
#   docker build --target sidegate -t sidegate .    the gateway alone: your apps and your config go to /srv
#   docker build -t sidegate-demo .                 with the three apps of examples/, as docker-compose.yml runs it

# The Node.js to build and run with. Name your own where the public one cannot be reached, or lacks your certificates.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# Before the sources: the layer of the packages is kept until the lockfile changes.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --workspaces=false --loglevel=error
COPY . .
# What is installed is what is published.
RUN npm run build && npm pack --ignore-scripts --loglevel=error --pack-destination /tmp
WORKDIR /srv
RUN echo '{ "private": true, "type": "module" }' >package.json \
 && npm install --omit=dev --loglevel=error /tmp/sidegate-*.tgz

FROM build AS demo-packages
RUN npm install --omit=dev --loglevel=error "express@$(node -p 'require("/src/package.json").devDependencies.express')"

FROM ${NODE_IMAGE} AS sidegate
# For python mounts. Their frameworks: python3-flask, python3-django, … or a virtual environment of yours.
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
# Where the sockets are that web servers in other containers connect to, through a volume. A new volume takes over the owner.
RUN mkdir /run/sidegate && chown node:node /run/sidegate
ENV NODE_ENV=production PATH=/srv/node_modules/.bin:$PATH
WORKDIR /srv
COPY --from=build /srv ./
USER node
# Sidegate itself is process 1: SIGTERM reaches it, and it drains before it ends; SIGHUP reloads.
STOPSIGNAL SIGTERM
ENTRYPOINT ["sidegate"]
CMD ["serve"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
  CMD ["sidegate", "request", "uwsgi://unix:/run/sidegate/sidegate.sock", "/", "--fail", "--timeout", "5", "--output", "/dev/null"]

FROM sidegate AS demo
USER root
RUN apt-get update && apt-get install -y --no-install-recommends python3-flask && rm -rf /var/lib/apt/lists/*
COPY --from=demo-packages /srv ./
COPY examples ./examples
USER node
CMD ["serve", "--config", "examples/compose.config.yaml"]
