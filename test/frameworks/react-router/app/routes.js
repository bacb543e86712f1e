import { index, route } from '@react-router/dev/routes'

export default [
  index('front.jsx'),
  route('hello/:who', 'hello.js'),
  route('form', 'form.js'),
  route('upload', 'upload.js'),
  route('visits', 'visits.js'),
  route('go', 'go.js'),
  route('stream', 'stream.js'),
  route('broken', 'broken.js'),
]
