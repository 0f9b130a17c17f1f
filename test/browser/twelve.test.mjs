// Twelve cores of which four hang, each in its own way: nobody else notices.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, mark, serve, signIn, unloaded, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
const names = ['Wien', 'Frankfurt', 'Kraków', 'Zürich', 'São Paulo', 'München', 'Łódź', '東京', 'Graz', 'Lisboa', 'Göteborg', 'Montréal']
const profiles = ['naemon', 'nagios4', 'icinga2', 'shinken']
const faults = { Wien: 'hang', München: 'drip', Graz: 'close', '東京': 'half' }

test('twelve cores, four of them hanging', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = []
  for (const [i, name] of names.entries()) sites.push(await core(call, name, { profile: profiles[i % 4], hosts: 20, services: 5 }))
  const app = await serve(t, sites)
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  const live = () => page.locator(rows).filter({ has: page.locator('.st.ok') }).locator('th.who a bdi').allInnerTexts()
  await until('twelve live sites', async () => {
    await page.goto(app.url + '/sites')
    return (await live()).length === 12
  }, 90000, 500)

  await page.goto(app.url + '/services?limit=1000')
  assert.equal(await page.locator(rows).count(), 1000)
  await mark(page)
  for (const [name, kind] of Object.entries(faults)) await call(`/core/${encodeURIComponent(name)}/fault`, { kind })

  await step('the banner names the four and no other', async () => {
    const banner = page.locator('[data-block="-banner"] .banner')
    await until('four names', async () => {
      const text = await banner.count() ? await banner.innerText() : ''
      return Object.keys(faults).every(n => text.includes(n)) && text
    }, 120000, 250)
    const text = await banner.innerText()
    for (const n of names.filter(n => !(n in faults))) assert.ok(!text.includes(n), `${n} in: ${text}`)
    assert.equal(await unloaded(page), false)
  })

  await step('every page answers; the eight stay fresh and change', async () => {
    for (const path of ['/problems', '/hosts', '/services', '/sites', '/search?q=web', '/people', '/audit', '/profile']) {
      const r = await page.goto(app.url + path)
      assert.equal(r.status(), 200, path)
    }
    await page.goto(app.url + '/sites')
    const good = await live()
    for (const n of names.filter(n => !(n in faults))) assert.ok(good.includes(n), `${n} is not live: ${good}`)
    for (const n of Object.keys(faults)) {
      const line = page.locator(rows).filter({ has: page.getByText(n, { exact: true }) })
      await until(`${n} with its cause`, async () => (await line.locator('td.own').innerText()).trim() !== '', 120000)
    }
    const services = await call('/core/Frankfurt/rows', { table: 'services' })
    const { host_name: host, description: service } = services[0]
    await page.goto(app.url + '/services?q=' + encodeURIComponent(host) + '&limit=100')
    await call('/core/Frankfurt/result', { host, service, state: 2, output: 'news from a good one' })
    await page.locator(rows).filter({ hasText: 'news from a good one' }).waitFor({ timeout: 120000 })
    // The rows of the others are still there.
    await page.goto(app.url + '/hosts?site=wien&limit=1000')
    assert.equal(await page.locator(rows + '.stale').count(), 20)
  })

  await step('they come back', async () => {
    await page.goto(app.url + '/problems')
    await mark(page)
    for (const name of Object.keys(faults)) await call(`/core/${encodeURIComponent(name)}/fault`, { kind: 'healthy' })
    await page.locator('[data-block="-banner"] .banner').waitFor({ state: 'detached', timeout: 150000 })
    assert.equal(await unloaded(page), false)
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))
})
