import { createRequestHandler } from 'react-router'
import * as build from './build/server/index.js'
import * as buildBelow from './build/x/server/index.js'

const root = createRequestHandler(build)
const prefixed = createRequestHandler(buildBelow)

// A second argument would be taken for a context of React Router.
export const app = (request) => root(request)
export const below = (request) => prefixed(request)
