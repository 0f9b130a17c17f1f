// What all browser tests share: the real binary on a free port with a folder
// of its own, the harness with monitoring cores, and Chromium.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdtempSync, rmSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createServer } from 'node:net'
import { chromium } from 'playwright-core'
import AxeBuilder from '@axe-core/playwright'

const root = resolve(import.meta.dirname, '../..')
export const binary = join(root, 'bin/belvedere')
const shots = process.env.SHOTS || join(root, 'test/out')

/** A port nobody listens on, on loopback. */
export async function freePort() {
  return new Promise((done, fail) => {
    const s = createServer()
    s.on('error', fail)
    s.listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)) })
  })
}

/** Polls until f gives something true, or fails after limit ms with what. */
export async function until(what, f, limit = 20000, every = 50) {
  const end = Date.now() + limit
  let last
  for (;;) {
    try { last = await f(); if (last) return last } catch (e) { last = e }
    if (Date.now() > end) throw new Error(`waited ${limit} ms for: ${what} (last: ${last && last.message || last})`)
    await new Promise(r => setTimeout(r, every))
  }
}

/** Starts `belvedere ARGS…` and resolves when it says it listens. */
export async function start(t, args, { data, port } = {}) {
  const own = !data
  data ||= mkdtempSync(join(tmpdir(), 'belvedere-test-'))
  port ||= await freePort()
  const child = spawn(binary, [args[0], '--listen', `127.0.0.1:${port}`, '--data', join(data, 'data'), ...args.slice(1)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = []
  for (const s of [child.stdout, child.stderr]) createInterface({ input: s }).on('line', l => log.push(l))
  const app = { child, log, data, port, url: `http://127.0.0.1:${port}`, code: null }
  app.exited = new Promise(r => child.on('exit', (code, signal) => { app.code = code ?? signal; r(app.code) }))
  app.stop = async (signal = 'SIGTERM') => { if (app.code === null) { child.kill(signal); await app.exited } }
  t.after(async () => { await app.stop(); if (own) rmSync(data, { recursive: true, force: true }) })
  await until('the server to listen', async () => {
    if (app.code !== null) throw new Error('it ended: ' + log.join('\n'))
    return (await fetch(app.url + '/healthz')).ok
  }, 60000)
  return app
}

/** The one-time code from the log of a server nobody can sign in to yet. */
export async function setupCode(app) {
  return until('the setup code in the log', () => {
    const m = app.log.join('\n').match(/\bcode=(\S+)/)
    return m && m[1]
  })
}

/** Runs the binary to its end. */
export async function run(args, { input = '' } = {}) {
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let out = '', err = ''
  child.stdout.on('data', d => out += d)
  child.stderr.on('data', d => err += d)
  child.stdin.end(input)
  const code = await new Promise(r => child.on('exit', r))
  return { code, out, err }
}

/** Starts the harness; call(path, params) posts to it. */
export async function harness(t) {
  const child = spawn(join(root, 'bin/harness'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise(r => child.on('exit', r))
  t.after(async () => { child.stdin.end(); await exited })
  const line = await new Promise(r => createInterface({ input: child.stdout }).once('line', r))
  const { control } = JSON.parse(line)
  return async (path, params = {}) => {
    const r = await fetch(control + path + '?' + new URLSearchParams(params), { method: 'POST' })
    const v = await r.json()
    if (!r.ok) throw new Error(`${path}: ${v.error}`)
    return v
  }
}

/** A browser that collects every error a page reports. */
export async function browser(t) {
  const b = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  t.after(() => b.close())
  const errors = []
  return {
    errors,
    async page(options = {}) {
      const context = await b.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
      const page = await context.newPage()
      watch(page, errors)
      return page
    },
  }
}

/** Collects console errors, page errors and CSP violations of page. */
export function watch(page, errors) {
  page.on('pageerror', e => errors.push('error: ' + e.message))
  page.on('console', m => { if (m.type() === 'error') errors.push(`console: ${m.text()} (${m.location().url})`) })
}

export async function signIn(page, url, username = 'demo', password = 'demo') {
  await page.goto(url + '/login')
  await page.fill('[name=username]', username)
  await page.fill('[name=password]', password)
  await Promise.all([page.waitForURL(u => !u.pathname.endsWith('/login')), page.press('[name=password]', 'Enter')])
}

/** Violations of WCAG 2.2 AA on the page, as readable lines. */
export async function axe(page) {
  const r = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return r.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}: ${n.target.join(' ')} ${n.html.slice(0, 160)}`))
}

/** Saves a picture of the page to look at. */
export async function shot(page, name) {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, name + '.png') })
}

export const read = path => readFileSync(join(root, path), 'utf8')
