/** @jsxImportSource preact */
import { hydrate } from 'preact'
import { App, type Shown } from './app.tsx'

/** Where the browser begins: with the page as the server drew it, and with what it was drawn from. */
const page = document.getElementById('page')
const data = document.getElementById('data')
if (page !== null && data !== null) hydrate(<App {...(JSON.parse(data.textContent) as Shown)} />, page)
