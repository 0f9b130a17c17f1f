// Measures by hand what docs/performance.md tells: node measure.mjs [what …]
//
//   icinga   submitted passive result to the changed row, a real Icinga 2
//   naemon   the same, a simulated Naemon with waiting
//   nagios   the same 200 times, a real Nagios 4 that is read from its files and writes its status file once a minute
//   rows     what an update of a list with 5,000 rows loaded costs the browser, 1 % of them changing each second, 100 rows a page
//   long     the same, 1,000 rows a page
//   pages    how long pages take with 8 good cores, and with 4 hanging ones too
//
// It prints JSON; times are in milliseconds.
import { browser, core, harness, openWhen, password, serve, signIn, until } from './lib.mjs'

const ends = []
const t = { after: f => ends.push(f) }
const quantile = (l, q) => l[Math.min(Math.ceil(l.length * q) - 1, l.length - 1)]
const summary = l => {
  const s = [...l].sort((a, b) => a - b).map(x => Math.round(x * 10) / 10)
  return { n: s.length, p50: quantile(s, 0.5), p99: quantile(s, 0.99), max: s.at(-1) }
}

/** The time of day in ms, by the same clock as the page's. */
const clock = () => performance.timeOrigin + performance.now()

/** Submits results and waits for each in the open list of services: when it is there the page itself notes. */
async function toBrowser(call, site, submit, host, service, n = 50) {
  const app = await serve(t, [site])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/services')
  await until('400 services', async () => {
    await page.goto(app.url + '/services')
    return /of 400 services/.test(await page.locator('.pager').innerText())
  }, 60000, 500)
  await page.mouse.move(600, 5)
  await page.evaluate(() => {
    window.waitFor = text => new Promise(done => {
      const look = () => { if (document.querySelector('main').textContent.includes(text)) { o.disconnect(); done(performance.timeOrigin + performance.now()) } }
      const o = new MutationObserver(look)
      o.observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true })
      look()
    })
  })
  const times = []
  for (let i = 0; i <= n; i++) {
    const text = `measured ${i} ${Math.random().toString(36).slice(2)}`
    const shown = page.evaluate(x => window.waitFor(x), text)
    // Results come at any moment between two polls, not right after an update.
    await new Promise(r => setTimeout(r, 200 + Math.random() * 1500))
    const began = clock()
    await submit(host, service, i % 2 * 2, text)
    const at = await shown
    if (i > 0) times.push(at - began)
  }
  await b.close()
  await app.stop()
  return summary(times)
}

async function nagios() {
  const call = await harness(t)
  const { unix } = await call('/nagios4')
  return toBrowser(call, { name: 'Nagios', address: 'unix://' + unix }, (host, service, state, output) => call('/nagios4/result', { host, service, state, output }), 'h02', 'svc 1', 200)
}

async function icinga() {
  const call = await harness(t)
  const { tcp } = await call('/icinga2')
  return toBrowser(call, { name: 'Icinga', address: 'tcp://' + tcp }, (host, service, state, output) => call('/icinga2/result', { host, service, state, output }), 'h02', 'svc 1')
}

async function naemon() {
  const call = await harness(t)
  const site = await core(call, 'Wien', { hosts: 50, services: 8 })
  const { host_name: host, description: service } = (await call('/core/Wien/rows', { table: 'services' })).filter(s => s.state === 0 && s.has_been_checked).sort((a, b) => a.host_name < b.host_name ? -1 : 1)[0]
  return toBrowser(call, site, (h, s, state, output) => call('/core/Wien/command', { line: `PROCESS_SERVICE_CHECK_RESULT;${h};${s};${state};${output}` }), host, service)
}

/** What the main thread of a page does while fn runs, from the browser's own trace, in its own time: what else the machine does is not in it. */
async function traced(page, fn) {
  const cdp = await page.context().newCDPSession(page)
  const events = []
  cdp.on('Tracing.dataCollected', e => events.push(...e.value))
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] } })
  const began = performance.now()
  await fn()
  const took = performance.now() - began
  const ended = new Promise(r => cdp.once('Tracing.tracingComplete', r))
  await cdp.send('Tracing.end')
  await ended
  const main = events.find(e => e.name === 'thread_name' && e.args.name === 'CrRendererMain')
  const own = events.filter(e => e.pid === main?.pid && e.tid === main?.tid && e.tdur)
  // A task in which the browser does little but collect garbage is counted apart: no work of the page is in it.
  const collects = own.filter(e => /^(Major|Minor)GC$|^BlinkGC/.test(e.name))
  const within = (e, task) => e.ts >= task.ts && e.ts + e.dur <= task.ts + task.dur
  const collection = task => task.tdur > 50000 && collects.some(e => within(e, task) && e.tdur > 0.8 * task.tdur)
  const every = own.filter(e => e.name === 'RunTask')
  const collections = every.filter(collection).map(e => Math.round(e.tdur / 1000))
  const tasks = every.filter(e => !collection(e))
  const kinds = {}
  for (const e of own) if (e.name !== 'RunTask') kinds[e.name] = (kinds[e.name] ?? 0) + e.tdur / 1000
  const most = Object.fromEntries(Object.entries(kinds).sort((a, b) => b[1] - a[1]).slice(0, 8).map(([k, v]) => [k, Math.round(v)]))
  const longest = tasks.sort((a, b) => b.tdur - a.tdur)[0]
  const inIt = Object.fromEntries(own.filter(e => e !== longest && longest && within(e, longest) && e.tdur > 1000).map(e => [e.name, Math.round(e.tdur / 1000)]))
  const times = tasks.map(e => e.tdur / 1000)
  return { tasks: summary(times), over50: times.filter(x => x > 50).length, collections, busy: Math.round(times.reduce((a, x) => a + x, 0) / took * 100) + ' %', longest: inIt, most }
}

/** Loads 5,000 rows, lets 1 % of them change each second for half a minute. */
async function rows(limit = 100) {
  const call = await harness(t)
  const site = await core(call, 'Wien', { hosts: 625, services: 8, churn: 0.01 })
  const app = await serve(t, [site])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  const list = 'table[data-live] tbody > tr[id]'
  await until('5,000 services', async () => {
    await page.goto(app.url + '/services?limit=' + limit)
    return await page.locator(list).count() === limit
  }, 90000, 1000)
  const first = await traced(page, async () => {
    await page.goto(app.url + '/services?limit=' + limit)
    await page.waitForTimeout(1000)
  })
  const loading = await traced(page, () => page.evaluate(async () => {
    // Done in the page, and without a search through it: what asks is measured too.
    const count = () => [...document.getElementsByTagName('table')].reduce((n, t) => n + (t.tBodies[0]?.rows.length ?? 0), 0)
    for (const end = Date.now() + 120000; count() < 5000 && Date.now() < end;) {
      window.scrollTo(0, 1e7)
      await new Promise(r => setTimeout(r, 200))
    }
  }))
  const loaded = await page.locator(list).count()
  await page.mouse.move(600, 5)
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.evaluate(() => {
    window.merges = []
    document.addEventListener('merged', () => window.merges.push(performance.now()))
  })
  const updating = await traced(page, () => page.waitForTimeout(30000))
  const updates = await page.evaluate(() => window.merges.length)
  await b.close()
  await app.stop()
  return { rows: loaded, first, loading, updates, updating }
}

async function pages() {
  const call = await harness(t)
  const sites = []
  for (let i = 0; i < 12; i++) sites.push(await core(call, `Site ${i}`, { hosts: 100, services: 10, profile: ['naemon', 'nagios4', 'icinga2', 'shinken'][i % 4] }))
  const out = {}
  for (const [name, list, faults] of [['good 8', sites.slice(0, 8), []], ['good 8, hanging 4', sites, ['hang', 'drip', 'close', 'half']]]) {
    for (const [i, kind] of faults.entries()) await call(`/core/Site ${8 + i}/fault`, { kind })
    const app = await serve(t, list)
    const auth = { headers: { Authorization: 'Basic ' + Buffer.from('admin:' + password).toString('base64') } }
    await until('8 sites', async () => ((await (await fetch(app.url + '/metrics')).text()).match(/belvedere_site_state\{[^}]*state="fresh"\} 1/g) ?? []).length === 8, 60000, 500)
    out[name] = {}
    for (const path of ['/problems', '/hosts', '/services', '/sites', '/search?q=web']) {
      const times = []
      for (let i = 0; i < 55; i++) {
        const began = performance.now()
        const r = await fetch(app.url + path, auth)
        await r.text()
        if (r.status !== 200) throw new Error(`${path}: ${r.status}`)
        if (i >= 5) times.push(performance.now() - began)
      }
      out[name][path] = summary(times)
    }
    await app.stop()
  }
  return out
}

const all = { icinga, nagios, naemon, rows, long: () => rows(1000), pages }
const wanted = process.argv.slice(2)
const result = {}
try {
  for (const [name, fn] of Object.entries(all)) if (wanted.length === 0 || wanted.includes(name)) result[name] = await fn()
} finally {
  for (const f of ends.reverse()) await f()
}
console.log(JSON.stringify(result, null, 2))
