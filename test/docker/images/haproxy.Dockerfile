# In place of haproxy where no registry has it: Debian's package, with the paths, the user, the processes and the signal of the public image.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /usr/local/etc/haproxy
STOPSIGNAL SIGUSR1
# The package makes it; its number is another one.
USER haproxy
WORKDIR /var/lib/haproxy
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
