/** @jsxImportSource preact */
import { hydrate } from 'preact'
import { App, type Shown } from './app.tsx'

/** The entry point in the browser: hydrates the page from the data that the server rendered it with. */
const page = document.getElementById('page')
const data = document.getElementById('data')
if (page !== null && data !== null) hydrate(<App {...(JSON.parse(data.textContent) as Shown)} />, page)
