// Tomcat's examples, a web application at /examples of a server that somebody else runs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { demand, type Place, type RealApp } from './app.ts'

const HOME = '/usr/share/tomcat10'

function server({ port, data }: Place): string {
  return `<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="${port}" address="127.0.0.1" protocol="HTTP/1.1" />
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="${data}/webapps"><Context path="/examples" docBase="/usr/share/tomcat10-examples/examples" /></Host>
    </Engine>
  </Service>
</Server>
`
}

/** What Tomcat's own web.xml has of servlets, which Debian keeps for a package that starts a server of its own. */
const WEB = `<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
    <load-on-startup>3</load-on-startup>
  </servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern><url-pattern>*.jspx</url-pattern></servlet-mapping>
  <mime-mapping><extension>html</extension><mime-type>text/html</mime-type></mime-mapping>
  <welcome-file-list><welcome-file>index.html</welcome-file><welcome-file>index.jsp</welcome-file></welcome-file-list>
</web-app>
`

export const tomcat: RealApp = {
  name: 'tomcat',
  title: "Tomcat's examples",
  packages: { debian: ['tomcat10-examples', 'libtomcat10-java'] },
  server(place) {
    const { data } = place
    for (const name of ['conf', 'webapps', 'logs', 'temp', 'work']) mkdirSync(`${data}/${name}`, { recursive: true })
    writeFileSync(`${data}/conf/server.xml`, server(place))
    writeFileSync(`${data}/conf/web.xml`, WEB)
    const jars = [
      `${HOME}/bin/bootstrap.jar`,
      `${HOME}/bin/tomcat-juli.jar`,
      '/usr/share/java/eclipse-jdt-core.jar',
    ].join(':')
    const places = [`-Dcatalina.home=${HOME}`, `-Dcatalina.base=${data}`, `-Djava.io.tmpdir=${data}/temp`]
    const start = 'org.apache.catalina.startup.Bootstrap'
    return { command: ['java', ...places, '-XX:TieredStopAtLevel=1', '-Xmx192m', '-cp', jars, start, 'start'] }
  },
  at: '/tomcat',
  mount: ({ port }) => ({ upstream: `http://127.0.0.1:${port}/examples/` }),
  checks: [
    [
      'its front page',
      async (visitor) => {
        const page = await visitor.visit('/tomcat/')
        demand(page.status === 200 && page.text.includes('Apache Tomcat Examples'), `status ${page.status}`)
      },
    ],
    [
      'the redirect of a folder',
      async (visitor) => {
        const page = await visitor.visit('/tomcat/servlets')
        demand(
          page.status === 200 && page.path === '/tomcat/servlets/',
          `it leads to ${page.path}, status ${page.status}`,
        )
      },
    ],
    [
      'a session, by its cookie',
      async (visitor) => {
        const path = '/tomcat/servlets/servlet/SessionExample'
        await visitor.visit(path)
        demand(/JSESSIONID=/.test(visitor.cookies(path)), 'there is no cookie for the path')
        await visitor.visit(`${path}?dataname=colour&datavalue=teal`)
        const page = await visitor.visit(path)
        demand(page.text.includes('colour = teal'), 'the session was lost')
      },
    ],
    [
      'pages (JSP)',
      async (visitor) => {
        const page = await visitor.visit('/tomcat/jsp/jsp2/el/basic-arithmetic.jsp')
        demand(page.status === 200 && page.text.includes('Expression'), `status ${page.status}`)
      },
    ],
    [
      'what needs a login shows its form',
      async (visitor) => {
        const page = await visitor.visit('/tomcat/jsp/security/protected/index.jsp')
        demand(page.status === 200 && page.text.includes('j_security_check'), `status ${page.status}`)
      },
    ],
    [
      'a WebSocket',
      async ({ base }) => {
        const socket = new WebSocket(`${base.replace('http', 'ws')}/tomcat/websocket/echoProgrammatic`)
        const answer = await new Promise((resolve, reject) => {
          socket.onopen = () => socket.send('hello')
          socket.onmessage = ({ data }) => resolve(data)
          socket.onerror = () => reject(new Error('it did not open'))
        })
        socket.close()
        demand(answer === 'hello', String(answer))
      },
    ],
  ],
}
