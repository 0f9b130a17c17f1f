// One load of each main page in Debian's Firefox, signed in: no error of
// script, policy or server, and something is drawn. Firefox is driven over
// WebDriver BiDi, which it speaks by itself.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ws as WebSocket } from 'playwright-core/lib/utilsBundle'
import { start, steps, until } from './lib.mjs'

const program = '/usr/bin/firefox-esr'

// What a fresh profile would do by itself, beside what it is asked.
const quiet = {
  'app.update.enabled': false, 'browser.aboutwelcome.enabled': false, 'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0, 'datareporting.policy.dataSubmissionEnabled': false, 'extensions.systemAddon.update.enabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false, 'browser.safebrowsing.downloads.enabled': false, 'ui.prefersReducedMotion': 1,
}

/** Starts Firefox; resolves to a function that sends a command and the log of events. */
async function firefox(t) {
  const profile = mkdtempSync(join(tmpdir(), 'belvedere-firefox-'))
  writeFileSync(join(profile, 'user.js'), Object.entries(quiet).map(([k, v]) => `user_pref(${JSON.stringify(k)}, ${JSON.stringify(v)});\n`).join(''))
  const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', '--window-size', '1440,900', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' } })
  const exited = new Promise(r => child.on('exit', r))
  const log = []
  createInterface({ input: child.stderr }).on('line', l => log.push(l))
  t.after(async () => {
    child.kill()
    const hard = setTimeout(() => child.kill('SIGKILL'), 20000)
    await exited
    clearTimeout(hard)
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  })
  const address = await until('Firefox to listen', () => log.join('\n').match(/WebDriver BiDi listening on (ws:\S+)/)?.[1], 120000)
  const socket = new WebSocket(address + '/session')
  await new Promise((done, fail) => { socket.onopen = done; socket.onerror = () => fail(new Error('no connection to Firefox')) })
  t.after(() => socket.close())
  const waiting = new Map(), events = []
  let n = 0
  socket.onmessage = m => {
    const v = JSON.parse(m.data)
    if (v.type === 'event') return events.push(v)
    waiting.get(v.id)(v)
    waiting.delete(v.id)
  }
  const send = (method, params = {}) => new Promise((done, fail) => {
    const id = ++n
    const late = setTimeout(() => fail(new Error(`${method}: no answer`)), 90000)
    waiting.set(id, v => {
      clearTimeout(late)
      if (v.type === 'error') fail(new Error(`${method}: ${v.error}: ${v.message}`))
      else done(v.result)
    })
    socket.send(JSON.stringify({ id, method, params }))
  })
  await send('session.new', { capabilities: {} })
  await send('session.subscribe', { events: ['log.entryAdded', 'network.responseCompleted'] })
  const { contexts: [{ context }] } = await send('browsingContext.getTree')
  return {
    events,
    open: url => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    async ask(expression) {
      const r = await send('script.evaluate', { expression, target: { context }, awaitPromise: true, resultOwnership: 'none' })
      if (r.type === 'exception') throw new Error(r.exceptionDetails.text)
      return r.result.value
    },
    picture: async () => Buffer.from((await send('browsingContext.captureScreenshot', { context })).data, 'base64'),
  }
}

test('the main pages in Firefox', { timeout: 600000 }, async t => {
  if (!existsSync(program)) {
    assert.notEqual(process.env.CI, 'true', 'firefox-esr is missing')
    return t.skip('NOT TESTED IN FIREFOX: firefox-esr is not installed')
  }
  const step = steps(t)
  const [app, f] = await Promise.all([start(t, ['demo', '--sites', '3', '--hosts', '20', '--services', '5']), firefox(t)])
  const complaints = () => f.events.flatMap(({ method, params: p }) => {
    if (method === 'log.entryAdded') return p.level === 'error' ? [`${p.text} (${p.source?.realm ?? ''})`] : []
    return p.response.status >= 400 ? [`${p.response.status} ${p.response.url}`] : []
  })
  let blank

  await step('signs in', async () => {
    blank = (await f.picture()).length
    await f.open(app.url + '/login')
    await f.ask(`document.querySelector('[name=username]').value = 'demo'; document.querySelector('[name=password]').value = 'demo'; document.querySelector('[name=password]').form.requestSubmit()`)
    await until('the first page', () => f.ask(`location.pathname !== '/login' && document.readyState === 'complete'`))
    await until('rows of all sites', async () => {
      await f.open(app.url + '/hosts')
      return await f.ask(`document.querySelectorAll('table[data-live] tbody > tr[id]').length`) >= 60
    }, 90000, 500)
  })

  const path = selector => f.ask(`new URL(document.querySelector(${JSON.stringify(selector)}).href).pathname`)
  await step('every main page loads, without an error, and is drawn', async () => {
    // Where one of many is shown, the first that a list leads to.
    const first = async (list, selector) => {
      await f.open(app.url + list)
      return path(selector)
    }
    const row = 'table[data-live] tbody th.who a'
    const pages = ['/overview', '/problems', '/problems?view=all&group=output', '/hosts', '/services', '/services?q=nothing-like-this', '/services/columns',
      await first('/hosts', row), await first('/services', 'table[data-live] tbody td.svcn a'),
      '/groups', '/groups?view=overview', '/groups?view=grid', '/groups?view=matrix', '/groups?kind=service', await first('/groups', 'main a[href^="/hostgroup/"]'),
      await first('/groups?kind=service', 'main a[href^="/servicegroup/"]'), '/outages', '/map', '/map?view=tree', '/processes', await first('/processes', 'main th a[href^="/processes/"]'),
      '/hygiene', '/downtimes', '/downtimes/calendar', '/recurring', '/recurring/new', '/comments', '/orders',
      '/config/contacts', '/config/commands', '/config/timeperiods', await first('/config/contacts', row), '/sites', '/sites/new', await first('/sites', row), '/agents/new',
      '/views', '/views/new?at=%2Fservices', '/screens', '/people', '/people/new', await first('/people', 'main tbody th.who a'), '/profile', '/audit',
      '/search?q=web&stay=1', '/search/language', '/problems?wall=1', '/hosts?wall=1', '/overview?wall=1']
    for (const page of pages) {
      await f.open(app.url + page)
      assert.ok((await f.ask(`document.querySelector('h1, .counts')?.textContent ?? ''`)).trim(), page)
      const picture = await f.picture()
      if (process.env.SHOTS) {
        mkdirSync(process.env.SHOTS, { recursive: true })
        writeFileSync(join(process.env.SHOTS, `firefox${page.replaceAll(/\W/g, '-')}.png`), picture)
      }
      assert.ok(picture.length > 3 * blank, `${page}: ${picture.length} bytes drawn, ${blank} when blank`)
      assert.deepEqual(complaints(), [], page)
    }
  })

  await step('the live connection works: a row changes in place', async () => {
    await f.open(app.url + '/services?limit=100')
    await f.ask(`window.sameDocument = true; for (const r of document.querySelectorAll('table[data-live] tbody > tr[id]')) r.before = r.textContent; 1`)
    await until('a changed row', () => f.ask(`[...document.querySelectorAll('table[data-live] tbody > tr[id]')].some(r => r.before !== undefined && r.before !== r.textContent)`), 120000, 200)
    assert.equal(await f.ask('window.sameDocument === true'), true)
    assert.deepEqual(complaints(), [])
  })
})
