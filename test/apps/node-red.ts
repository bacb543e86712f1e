// Node-RED: its editor, its administration, and the pages of a flow, below one prefix.
import { until } from '../harness.ts'
import { demand, type RealApp } from './app.ts'

const SERVER = `import express from 'express'
import http from 'node:http'
import RED from 'node-red'

const app = express()
const server = http.createServer(app)
const settings = {
  httpAdminRoot: '/red',
  httpNodeRoot: '/red/api',
  userDir: process.env.RED_DATA,
  flowFile: 'flows.json',
  credentialSecret: 'secret',
  telemetry: { enabled: false },
  logging: { console: { level: 'warn' } },
}
RED.init(server, settings)
app.use(settings.httpNodeRoot, RED.httpNode)
app.use(settings.httpAdminRoot, RED.httpAdmin)
await RED.start()
export default server
`

const FLOW = [
  { id: 'tab', type: 'tab', label: 'Flow' },
  { id: 'in', type: 'http in', z: 'tab', url: '/hello', method: 'get', wires: [['made']] },
  {
    id: 'made',
    type: 'function',
    z: 'tab',
    func: "msg.payload = 'hello ' + msg.req.query.who; return msg",
    wires: [['out']],
  },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
]

export const nodeRed: RealApp = {
  name: 'node-red',
  title: 'Node-RED',
  packages: { npm: ['node-red@5.0.7', 'express@4.22.1'] },
  itself: "`httpAdminRoot: '/red'`, `httpNodeRoot: '/red/api'`",
  files: () => ({ 'server.js': SERVER }),
  at: '/red',
  mount: ({ data }) => ({
    node: './server.js',
    keepPrefix: true,
    processes: 1,
    loadTimeout: 60,
    env: { RED_DATA: data },
  }),
  checks: [
    [
      'the editor with every script and style sheet',
      async (visitor) => {
        const page = await visitor.visit('/red/')
        demand(page.status === 200 && page.text.includes('Node-RED'), `status ${page.status}`)
        demand((await visitor.everyPart(page)) > 3, 'the page has no parts')
      },
    ],
    [
      'a flow is deployed, and answers',
      async (visitor) => {
        const deployed = await visitor.ask('/red/flows', {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            'Node-RED-API-Version': 'v1',
            'Node-RED-Deployment-Type': 'full',
          },
          body: JSON.stringify(FLOW),
        })
        demand(deployed.status === 204, `status ${deployed.status}`)
        // It says so before the flow has started.
        const answer = await until('the flow answers', async () => {
          const page = await visitor.visit('/red/api/hello?who=ann')
          return page.status === 404 ? undefined : page.text
        })
        demand(answer === 'hello ann', answer)
      },
    ],
    [
      "the editor's WebSocket",
      async ({ base }) => {
        const socket = new WebSocket(`${base.replace('http', 'ws')}/red/comms`)
        await new Promise((resolve, reject) => {
          socket.onopen = resolve
          socket.onerror = () => reject(new Error('it did not open'))
        })
        socket.close()
      },
    ],
  ],
}
