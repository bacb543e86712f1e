// An Express 5 app as it is: it does not know that it runs behind a gateway, nor below which prefix.
import express from 'express'

const app = express()
const notes = ['Buy milk']

app.use(express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  res.type('html').send(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Express</title>
<link rel="stylesheet" href="/static/style.css">
<h1>Notes</h1>
<ul>${notes.map((note) => `<li>${escape(note)}`).join('')}</ul>
<form method="post" action="${req.originalUrl}"><input name="note" aria-label="note" required> <button>Add</button></form>
<p>Express sees <code>${escape(req.method)} ${escape(req.url)}</code> (originally <code>${escape(req.originalUrl)}</code>)
from <code>${escape(req.ip ?? '')}</code>.
<p><a href="/express/notes.json">As JSON</a> · <a href="/">Start</a>
`)
})

app.post('/', (req, res) => {
  if (typeof req.body?.note === 'string' && req.body.note !== '') notes.push(req.body.note.slice(0, 200))
  if (notes.length > 20) notes.shift()
  res.redirect(303, req.originalUrl)
})

app.get('/notes.json', (req, res) => {
  res.json(notes)
})

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

export default app
