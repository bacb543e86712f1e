// A CGI script that never answers, and says on a port of TCP that it is alive.
import { createServer } from 'node:net'

createServer().listen(Number(process.env.QUERY_STRING), '127.0.0.1')
