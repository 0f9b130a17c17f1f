// Whatever cores, plugins and people write is text on every page: no markup,
// no script, no change of direction, with the policy of the server in force.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, serve, signIn, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
const evil = `<script>alert('x')</script> "quoted" 'single' <img src=x onerror=alert(1)> &amp; \u202Edesrever\u202C \u2066iso\u2069 end`
const name = `<svg onload=alert(2)>"&'\u202Ebidi`

/** Elements in the page that only hostile text could have made. */
const foreign = page => page.evaluate(() => [...document.querySelectorAll('body *')]
  .filter(e => e.matches('img, iframe, object, embed, base, form[action^="javascript"], a[href^="javascript"], a[href^="data"], body script, style')
    || [...e.attributes].some(a => /^on/i.test(a.name)) || e.localName === 'svg' && !e.matches('.g, .i, .spark, .gph, .gph *, .pbar'))
  .map(e => e.outerHTML.slice(0, 100)))

/** Direction marks that reached the page as they are. */
const turned = page => page.evaluate(() => /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/.test(document.body.innerText))

test('hostile texts', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  // The name of a simulated core is in the names of its hosts and variables.
  const site = await core(call, name, { hosts: 12, services: 4, quiet: 1 })
  site.name = `<b>Site</b> & "Söhne" '1'`
  // A second one, because lists of a single site do not name it.
  const app = await serve(t, [site, await core(call, 'Plain', { hosts: 1, services: 1, quiet: 1 })])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/services')

  const at = what => `/core/${encodeURIComponent(name)}/${what}`
  const services = await call(at('rows'), { table: 'services' })
  const { host_name: host, description: service } = services.find(s => /onload/.test(s.host_name)) ?? services[0]
  assert.match(host, /<svg onload|<svg-onload/)
  await call(at('result'), { host, service, state: 2, output: `CRITICAL ${evil}|x=1\nsecond <script>alert(3)</script>\nthird \u202Eline` })
  await call(at('command'), { line: `ADD_SVC_COMMENT;${host};${service};1;<i>author</i>\u202E;comment ${evil.replaceAll(';', ',')}` })
  await call(at('command'), { line: `ADD_HOST_COMMENT;${host};1;admin;host comment ${evil.replaceAll(';', ',')}` })
  const now = Math.floor(Date.now() / 1000)
  await call(at('command'), { line: `SCHEDULE_HOST_DOWNTIME;${host};${now + 3600};${now + 7200};1;0;3600;"><script>alert(4)</script>;downtime ${evil.replaceAll(';', ',')}` })

  await page.goto(app.url + '/services?limit=500&q=quoted')
  await page.locator(rows).filter({ hasText: "<script>alert('x')</script>" }).first().waitFor({ timeout: 120000 })
  const path = selector => page.locator(`${rows} ${selector}`).first().evaluate(a => new URL(a.href).pathname)
  const hostPage = await path('th.who a'), servicePage = await path('td.svcn a')

  const shows = async (path, ...texts) => {
    await page.goto(app.url + path)
    for (const x of texts) await until(`${x} on ${path}`, async () => (await page.locator('main').innerText()).replace(/\s+/g, ' ').includes(x), 120000)
    assert.deepEqual(await foreign(page), [], path)
    assert.equal(await turned(page), false, path)
  }

  await step('lists', async () => {
    await shows('/problems', `"quoted" 'single' <img src=x onerror=alert(1)>`)
    await shows('/services?limit=500', '&amp;', '<b>Site</b>')
    await shows('/hosts?limit=500', 'svg', '<b>Site</b>')
    await shows('/sites', '<b>Site</b> & "Söhne"')
    await shows('/search?q=onload', 'svg')
    await shows('/problems?q=' + encodeURIComponent(evil), '<script>')
    await shows('/hosts?q=' + encodeURIComponent(evil), 'The filter cannot be read', '<script>')
    await shows('/hosts?q=' + encodeURIComponent(`"${evil.replace(/["\\]/g, '\\$&')}"`), 'No host matches this filter', '<script>')
    await shows('/services?hostgroup=' + encodeURIComponent(evil))
    await shows('/search?q=' + encodeURIComponent(evil), '<script>')
    await shows('/nope/' + encodeURIComponent('<script>alert(5)</script>'))
  })

  await step('a service and its host', async () => {
    await until('the comment', async () => {
      await page.goto(app.url + servicePage)
      return await page.getByText('comment <script>').count() > 0
    }, 30000, 500)
    await shows(servicePage, '<i>author</i>', 'second <script>alert(3)</script>', "comment <script>alert('x')</script>")
    await page.locator('#all summary').click()
    assert.deepEqual(await foreign(page), [])
    assert.equal(await turned(page), false)
    await shows(hostPage, 'host comment <script>', '"><script>alert(4)</script>', 'downtime <script>')
    await page.locator('#all summary').click()
    assert.deepEqual(await foreign(page), [])
    assert.equal(await turned(page), false)
  })

  await step('what arrives while the page is open', async () => {
    await page.goto(app.url + servicePage)
    await call(at('result'), { host, service, state: 1, output: `LIVE <script>alert('live')</script> <img src=y onerror=alert(6)>` })
    await page.locator('main').getByText("<script>alert('live')</script>").first().waitFor({ timeout: 120000 })
    assert.deepEqual(await foreign(page), [])
  })

  await step('the palette', async () => {
    await page.keyboard.press('Control+k')
    await page.fill('#palette input', 'onload')
    await page.locator('#palette [role=option]').filter({ hasText: 'svg' }).first().waitFor()
    await page.fill('#palette input', '<script>alert(7)</script>')
    await page.locator('#palette [role=option]').filter({ hasText: '<script>alert(7)</script>' }).first().waitFor()
    assert.deepEqual(await foreign(page), [])
    await page.keyboard.press('Escape')
  })

  await step('the policy is strict', async () => {
    for (const path of ['/login', '/problems', '/nope', servicePage]) {
      const r = await page.request.get(app.url + path)
      const csp = r.headers()['content-security-policy'] ?? ''
      assert.match(csp, /default-src 'none'/, path)
      assert.doesNotMatch(csp, /unsafe/, path)
    }
    // It is in force: an inline script put into the page does not run.
    await page.evaluate(() => {
      const s = document.createElement('script')
      s.textContent = 'window.ran = true'
      document.body.append(s)
    })
    assert.equal(await page.evaluate(() => window.ran), undefined)
    await until('the violation to be reported', () => b.errors.some(e => /policy violated/.test(e)))
    const others = b.errors.filter(e => !/policy violated: script-src|violates the following Content Security Policy|status of 40[04]/.test(e))
    assert.deepEqual(others, [])
    b.errors.length = 0
  })
})
