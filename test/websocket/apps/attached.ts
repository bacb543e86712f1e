// As most apps have it: Express on a server, and a WebSocketServer that attached itself to that server. Nothing listens.
import { createServer, type Server } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'
import { talk } from './talk.ts'

const app = express()
app.get('/', (_, response) => void response.send('ordinary'))

const server: Server = createServer(app)
new WebSocketServer({ server, path: '/chat' }).on('connection', (socket) => talk(socket, 'attached'))

export default server
