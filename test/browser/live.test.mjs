// Pages that stay true: one stream for all tabs, calm lists, sites and servers
// that come and go.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, mark, openWhen, row, serve, signIn, start, unloaded, until, watchman, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
const ids = page => page.locator(rows).evaluateAll(l => l.filter(r => !r.hidden && !r.classList.contains('gone')).map(r => r.id))
// away takes pointer and focus out of lists.
const away = async page => {
  await page.mouse.move(600, 5)
  await page.evaluate(() => document.activeElement?.blur())
}

test('live pages', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = [await core(call, 'Wien', { quiet: 1, hosts: 6, services: 4, churn: -1 }), await core(call, 'Graz', { quiet: 1, hosts: 6, services: 4, churn: -1 })]
  let app = await serve(t, sites)
  const gate = await watchman(t, app)
  const b = await browser(t)
  const page = await b.page()
  const services = (await call('/core/Wien/rows', { table: 'services' })).map(s => [s.host_name, s.description])
  const set = (i, state, output) => call('/core/Wien/result', { host: services[i][0], service: services[i][1], state, output })
  await signIn(page, gate.url)
  await openWhen(page, gate.url + '/services')
  await set(0, 2, 'the first is broken')
  await set(1, 1, 'the second is slow')

  await step('ten tabs of one browser share one stream and all stay live', async () => {
    const tabs = [page]
    while (tabs.length < 10) tabs.push(await b.tab(page.context()))
    for (const p of tabs) {
      await p.goto(gate.url + '/problems')
      await mark(p)
    }
    await until('one stream', () => gate.streams === 1)
    await set(0, 2, 'seen in every tab')
    for (const p of tabs) await p.locator(rows).filter({ hasText: 'seen in every tab' }).waitFor({ timeout: 120000 })
    for (const p of tabs) assert.equal(await unloaded(p), false)
    assert.equal(gate.streams, 1)
    // A page that is left and one that comes may overlap for a moment.
    assert.ok(gate.most <= 2, `${gate.most} streams at once`)
    for (const p of tabs.slice(1)) await p.close()
    assert.equal(gate.streams, 1)
  })

  await step('a hidden tab fetches nothing, and is true when it is shown again', async () => {
    const other = await b.tab(page.context())
    await other.goto(gate.url + '/problems')
    await other.goto(gate.url + '/problems?sort=since')
    await page.goto(gate.url + '/problems')
    await other.evaluate(() => {
      window.fakeHidden = true
      Object.defineProperty(document, 'hidden', { get: () => window.fakeHidden, configurable: true })
      Object.defineProperty(document, 'visibilityState', { get: () => window.fakeHidden ? 'hidden' : 'visible', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    const asked = () => gate.seen.filter(r => r.path.includes('sort=since') && r.block !== '').length
    const before = asked()
    for (const n of [1, 2, 3]) {
      await set(0, 2, `change ${n} that nobody looks at`)
      await page.locator(rows).filter({ hasText: `change ${n} that nobody looks at` }).waitFor({ timeout: 120000 })
    }
    assert.ok(asked() - before <= 1, `${asked() - before} fetches while hidden`) // one may have been on its way
    assert.equal(await other.locator(rows).filter({ hasText: 'change 3' }).count(), 0)
    await other.evaluate(() => {
      window.fakeHidden = false
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await other.locator(rows).filter({ hasText: 'change 3 that nobody looks at' }).waitFor({ timeout: 120000 })
    await other.close()
  })

  await step('the order is frozen while the pointer is in the list', async () => {
    await page.goto(gate.url + '/problems?sort=since')
    await mark(page)
    await away(page)
    const first = row(page, ...services[0])
    await first.waitFor()
    const before = await ids(page)
    await first.hover()
    const node = await first.elementHandle()
    await set(2, 2, 'new while reading')
    await set(0, 2, 'changed while reading')
    await page.locator('.collected').filter({ hasText: '1 new' }).waitFor({ timeout: 120000 })
    await until('the value in place', async () => (await node.innerText()).includes('changed while reading'))
    assert.deepEqual(await ids(page), before)
    await page.keyboard.press('u')
    await row(page, ...services[2]).waitFor()
    assert.equal(await page.locator('.collected').count(), 0)
    assert.equal(await node.evaluate(n => n.isConnected), true)
    assert.equal(await unloaded(page), false)
  })

  await step('selection and focus survive updates', async () => {
    await page.goto(gate.url + '/problems')
    await away(page)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    const id = await page.evaluate(() => document.activeElement.id)
    assert.notEqual(id, '')
    await set(3, 2, 'one more')
    await set(0, 2, 'and a change')
    await page.locator('.collected').waitFor({ timeout: 120000 })
    await page.keyboard.press('u')
    await page.locator(rows).filter({ hasText: 'one more' }).waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.id), id)
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-selected')), 'true')
    await page.keyboard.press('Escape')
    // What somebody types is not touched either.
    await page.keyboard.press('/')
    await page.keyboard.type('half a wo')
    await set(0, 2, 'a change while typing')
    await page.locator(rows).filter({ hasText: 'a change while typing' }).waitFor({ timeout: 120000 })
    await page.keyboard.type('rd')
    assert.equal(await page.inputValue('[name=q]'), 'half a word')
  })

  await step('a solved problem goes, and the counters follow', async () => {
    await page.goto(gate.url + '/problems')
    await away(page)
    const title = await page.title()
    await set(3, 0, 'fine again')
    await row(page, ...services[3]).waitFor({ state: 'detached', timeout: 40000 })
    await until('the title to follow', async () => await page.title() !== title)
    const n = Number((await page.locator('[data-counter=problems]').first().innerText()).replace(/\D/g, ''))
    assert.equal(n, (await ids(page)).filter(id => id.includes('|')).length)
  })

  await step('the banner names a site that goes down, and leaves when it is back', async () => {
    await page.goto(gate.url + '/services')
    await mark(page)
    await away(page)
    assert.equal(await page.locator('[data-block="-banner"] .banner').count(), 0)
    await call('/core/Graz/fault', { kind: 'refuse' })
    const banner = page.locator('[data-block="-banner"] .banner')
    await banner.filter({ hasText: 'Graz' }).waitFor({ timeout: 120000 })
    await page.locator(rows + '.stale').first().waitFor({ timeout: 120000 })
    assert.equal(await page.locator(rows).count(), 48) // the last data is kept
    await page.locator('[data-chooser] .tag').filter({ hasText: '1 stale' }).waitFor({ timeout: 120000 })
    await call('/core/Graz/fault', { kind: 'healthy' })
    await banner.waitFor({ state: 'detached', timeout: 90000 })
    await until('no row marked', async () => await page.locator(rows + '.stale').count() === 0, 120000)
    assert.equal(await unloaded(page), false)
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))

  await step('the server is killed and comes back: the page goes on by itself', async () => {
    await page.goto(gate.url + '/problems')
    await mark(page)
    await away(page)
    const { data, port } = app
    await app.stop('SIGKILL')
    await page.locator('#b-lost').filter({ hasText: 'Connection to Belvedere lost' }).waitFor({ timeout: 90000 })
    app = await start(t, app.args, { data, port })
    await page.locator('#b-lost').waitFor({ state: 'detached', timeout: 90000 })
    await set(0, 2, 'after the restart')
    await page.locator(rows).filter({ hasText: 'after the restart' }).waitFor({ timeout: 120000 })
    assert.equal(await unloaded(page), false)
    b.errors.length = 0 // refused connections, reported by the browser
  })
})
