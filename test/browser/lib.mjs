// What all browser tests share: the real binary on a free port with a folder
// of its own, the harness with monitoring cores, and Chromium.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdtempSync, readFileSync, rmSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'node:net'
import http from 'node:http'
import { chromium } from 'playwright-core'

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../..')
export const binary = join(root, 'bin/belvedere')
const shots = process.env.SHOTS || join(root, 'test/out')

/**
 * A port nobody listens on, on loopback: none of those that the system gives to
 * whoever asks for any, of which another test may get it before it is used.
 */
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 22000)
    const free = await new Promise(done => {
      const s = createServer()
      s.on('error', () => done(false))
      s.listen(port, '127.0.0.1', () => s.close(() => done(true)))
    })
    if (free) return port
  }
}

/** Polls until f gives something true, or fails after limit ms with what. */
export async function until(what, f, limit = 90000, every = 50) {
  const end = Date.now() + limit
  let last
  for (;;) {
    try { last = await f(); if (last) return last } catch (e) { last = e }
    if (Date.now() > end) throw new Error(`waited ${limit} ms for: ${what} (last: ${last && last.message || last})`)
    await new Promise(r => setTimeout(r, every))
  }
}

/** Starts `belvedere ARGS…` and resolves when it says it listens. */
export async function start(t, args, { data, port, own = !data } = {}) {
  data ||= mkdtempSync(join(tmpdir(), 'belvedere-test-'))
  port ||= await freePort()
  const child = spawn(binary, [args[0], '--listen', `127.0.0.1:${port}`, '--data', join(data, 'data'), ...args.slice(1)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = []
  for (const s of [child.stdout, child.stderr]) createInterface({ input: s }).on('line', l => log.push(l))
  const app = { child, args, log, data, port, url: `http://127.0.0.1:${port}`, code: null }
  app.exited = new Promise(r => child.on('exit', (code, signal) => { app.code = code ?? signal; r(app.code) }))
  app.stop = async (signal = 'SIGTERM') => { if (app.code === null) { child.kill(signal); await app.exited } }
  t.after(async () => { await app.stop(); if (own) rmSync(data, { recursive: true, force: true }) })
  await until('the server to listen', async () => {
    if (app.code !== null) throw new Error('it ended: ' + log.join('\n'))
    return (await fetch(app.url + '/healthz')).ok
  }, 120000)
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

/**
 * Subtests that build on each other: after one that failed the others are
 * skipped, for they would only wait.
 */
export function steps(t) {
  let failed = ''
  return (name, fn) => t.test(name, { skip: failed ? `because "${failed}" failed` : false }, async u => {
    try { await fn(u) } catch (e) {
      failed = name
      if (e instanceof Error) e.message += await seen()
      throw e
    }
  })
}

// The pages that are open, for what a failure says.
const open = new Set()

// seen tells what the open pages show: address, dialogs, messages, focus.
async function seen() {
  let all = ''
  for (const page of open) {
    const what = page.evaluate(() => ({
      dialogs: [...document.querySelectorAll('dialog[open]')].map(d => d.innerText.slice(0, 600)),
      toasts: [...document.querySelectorAll('.toast')].map(d => d.innerText.slice(0, 300)),
      focus: document.activeElement?.outerHTML.slice(0, 200),
    })).catch(e => e.message)
    const patience = new Promise(done => setTimeout(done, 5000, 'no answer').unref())
    all += `\npage ${page.url()}: ${JSON.stringify(await Promise.race([what, patience]))}, refused: ${JSON.stringify(page.refused)}`
  }
  return all
}

/** A password that is good enough for the rules. */
export const password = 'correct horse battery'

/**
 * Starts `serve` with sites ({name, address, section}) in a configuration file
 * and people ({name, flags}) that sign in with password; more is further text of
 * the file.
 */
export async function serve(t, sites, people = [{ name: 'admin', flags: ['--role', 'admin', '--see-all', '--command-lines'] }], { more = '', ...options } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'belvedere-test-'))
  const config = join(data, 'belvedere.yaml')
  writeFileSync(config, sites.length === 0 ? '{}\n' : 'sites:\n' + sites.map(s =>
    `  - name: ${JSON.stringify(s.name)}\n    address: ${JSON.stringify(s.address)}\n` + (s.section ? `    section: ${JSON.stringify(s.section)}\n` : '')).join('') + more)
  for (const p of people) {
    const r = await run(['user', 'add', '--config', config, '--data', join(data, 'data'), ...p.flags, p.name], { input: password + '\n' })
    if (r.code !== 0) throw new Error(`user add ${p.name}: ${r.err}${r.out}`)
  }
  return start(t, ['serve', '--config', config], { data, own: true, ...options })
}

/** Starts the harness; the function it returns posts to it. */
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

/** Starts a simulated core; resolves to a site for serve(). */
export async function core(call, name, params = {}) {
  const { address } = await call('/core', { name, profile: 'naemon', hosts: 5, services: 4, ...params })
  return { name, address }
}

/**
 * Stands between browser and server and counts what passes: seen are all
 * requests so far, streams the event streams open now, most the most at once.
 */
export async function watchman(t, app) {
  const it = { seen: [], streams: 0, most: 0, url: '' }
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((req, res) => {
    it.seen.push({ path: req.url, block: req.headers['x-belvedere-block'] || '' })
    const live = req.url.startsWith('/live')
    if (live) it.most = Math.max(it.most, ++it.streams)
    const up = http.request({ host: '127.0.0.1', port: app.port, method: req.method, path: req.url, headers: req.headers, agent }, r => {
      res.writeHead(r.statusCode, r.headers)
      r.pipe(res)
      r.on('error', () => res.destroy())
    })
    up.on('error', () => res.destroy())
    req.pipe(up)
    res.on('close', () => { up.destroy(); if (live) it.streams-- })
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  t.after(() => { agent.destroy(); server.closeAllConnections(); server.close() })
  it.url = `http://127.0.0.1:${server.address().port}`
  return it
}

/** Chromium; errors collects everything its pages complain about. */
export async function browser(t) {
  const b = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  t.after(() => b.close())
  const errors = []
  const tab = async context => {
    const page = await context.newPage()
    watch(page, errors)
    page.refused = [] // the last answers that were none
    page.on('response', r => { if (r.status() >= 400) page.refused = [...page.refused.slice(-4), `${r.status()} ${r.request().method()} ${r.url()}`] })
    open.add(page)
    page.on('close', () => open.delete(page))
    return page
  }
  return {
    errors,
    tab,
    close: () => b.close(),
    async page(options = {}) {
      const context = await b.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
      // Patience is for loaded machines: what is wrong shows at once in what it says.
      context.setDefaultTimeout(120000)
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', e => console.error('policy violated: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))
      })
      return tab(context)
    },
  }
}

/** Collects console errors, page errors, dialogs and broken answers. */
export function watch(page, errors) {
  page.on('pageerror', e => errors.push('error: ' + e.message))
  page.on('console', m => { if (m.type() === 'error') errors.push(`console: ${m.text()} (${m.location().url})`) })
  page.on('dialog', d => { errors.push(`dialog: ${d.message()}`); void d.dismiss() })
  page.on('response', r => { if (r.status() >= 500) errors.push(`answer: ${r.status()} ${r.url()}`) })
}

export async function signIn(page, url, username = 'admin', word = password) {
  await page.goto(url + '/login')
  await page.fill('[name=username]', username)
  await page.fill('[name=password]', word)
  await Promise.all([page.waitForURL(u => !u.pathname.endsWith('/login')), page.press('[name=password]', 'Enter')])
}

/** The row of a list whose head names these, by its links. */
export const row = (page, host, service) => {
  let r = page.locator('table[data-live] tbody > tr[id]:not(.kid)').filter({ has: page.locator('th.who').getByText(host, { exact: true }) })
  if (service) r = r.filter({ has: page.locator('th.who, td.svcn').getByText(service, { exact: true }) })
  return r.first()
}

/** Opens a page again until a row is there: sites are read in the background. */
export async function openWhen(page, url, selector = 'table[data-live] tbody > tr[id]', limit = 60000) {
  await until(`${selector} on ${url}`, async () => {
    await page.goto(url)
    return await page.locator(selector).count() > 0
  }, limit, 500)
}

/** Marks the document, so that a test can prove that it was not loaded again. */
export const mark = page => page.evaluate(() => { window.sameDocument = true })
export const unloaded = async page => !(await page.evaluate(() => window.sameDocument === true))

const axeSource = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/**
 * Violations of WCAG 2.2 AA within scope, as readable lines; colours only when
 * nothing else can have changed since the last look.
 */
export async function axe(page, { coloursOnly = false, scope = 'html' } = {}) {
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axeSource)
  const once = () => page.evaluate(async ({ coloursOnly, scope }) => {
    // A change of size or theme is on the screen two frames later.
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    const r = await window.axe.run(scope, {
      resultTypes: ['violations'],
      runOnly: coloursOnly ? { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } : { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
    })
    return r.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}: ${n.target.join(' ')} ${n.html.slice(0, 160)}`))
  }, { coloursOnly, scope })
  const found = await once()
  if (found.length === 0) return found
  // A live update may have been under way: what is wrong is wrong twice.
  const again = await once()
  return found.filter(v => again.includes(v))
}

/** Saves a picture of the page to look at. */
export async function shot(page, name) {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, name + '.png') })
}

/** A proxy before a server that lets pages arrive in small pieces; stop ends it. */
export async function slowly(target, { piece = 500, first = 20000, wait = 20 } = {}) {
  const to = new URL(target)
  const server = http.createServer((req, res) => {
    const up = http.request({ host: to.hostname, port: to.port, path: req.url, method: req.method, headers: { ...req.headers, 'accept-encoding': 'identity' } }, async r => {
      res.writeHead(r.statusCode, Object.fromEntries(Object.entries(r.headers).filter(([k]) => k !== 'content-length')))
      if (!/text\/html/.test(r.headers['content-type'] ?? '') || req.headers['x-belvedere-block']) return r.pipe(res)
      const body = Buffer.concat(await r.toArray())
      for (let at = 0; at < body.length;) {
        const n = at < first ? piece : 40 * piece
        res.write(body.subarray(at, at + n))
        at += n
        await new Promise(go => setTimeout(go, wait))
      }
      res.end()
    })
    up.on('error', () => res.destroy())
    req.pipe(up)
    res.on('close', () => up.destroy())
  })
  await new Promise(ok => server.listen(0, '127.0.0.1', ok))
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => { server.closeAllConnections(); server.close() } }
}
