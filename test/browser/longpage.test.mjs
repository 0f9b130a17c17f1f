// A page of very many rows is taken apart while it starts, and stays the list
// that it was: nothing lost, nothing twice, in its order, and it goes on being
// true; without script, and for those who want less motion, all rows are there.
import test from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, serve, signIn, until } from './lib.mjs'

test('a page of a thousand rows', { timeout: 600000 }, async t => {
  const call = await harness(t)
  const site = await core(call, 'Wien', { hosts: 150, services: 8, churn: 0.02 })
  const app = await serve(t, [site])
  const b = await browser(t)
  const address = app.url + '/services?limit=1000&sort=host'
  const rows = 'table[data-live] tbody > tr[id]'
  const ids = page => page.locator(rows).evaluateAll(l => l.map(r => r.id))

  const plain = await b.page({ javaScriptEnabled: false })
  await signIn(plain, app.url)
  await openWhen(plain, app.url + '/services')
  await until('1,000 rows', async () => {
    await plain.goto(address)
    return await plain.locator(rows).count() === 1000
  }, 90000, 500)
  const want = await ids(plain)

  await t.test('without script all are shown, on a phone as cards', async () => {
    const display = () => plain.locator(rows).last().evaluate(r => getComputedStyle(r).display)
    assert.equal(await display(), 'table-row')
    await plain.setViewportSize({ width: 390, height: 800 })
    assert.equal(await display(), 'grid')
  })

  for (const [name, options] of [['with motion', { reducedMotion: 'no-preference' }], ['with less motion', {}], ['on a phone', { viewport: { width: 390, height: 800 } }]]) {
    await t.test(`${name} it is taken apart, and stays the same list while rows change`, async () => {
      const page = await b.page(options)
      await signIn(page, app.url)
      await page.goto(address)
      const parts = page.locator('[data-block=list]')
      await until('ten parts', async () => await parts.count() === 10)
      assert.deepEqual(await ids(page), want)
      assert.deepEqual(await parts.evaluateAll(l => l.map(p => p.querySelectorAll('tbody > tr[id]').length)), Array(10).fill(100))
      assert.deepEqual(await parts.evaluateAll(l => l.map(p => p.classList.contains('ahead'))), [...Array(9).fill(true), false])
      assert.equal(await page.locator('.pager').count(), 1)
      assert.equal(await page.locator('[data-slices]').count(), 0)
      await page.mouse.move(5, 5)
      await page.evaluate(() => { window.merges = 0; document.addEventListener('merged', () => window.merges++) })
      await until('an update of a part', () => page.evaluate(() => window.merges > 0))
      await page.locator(rows).nth(950).scrollIntoViewIfNeeded()
      await until('an update where it is now', () => page.evaluate(() => { window.seen ??= window.merges; return window.merges > window.seen }))
      const now = await ids(page)
      assert.deepEqual(now.slice(0, 1000), want)
      assert.equal(new Set(now).size, now.length, 'a row is there twice')
      await page.context().close()
    })
  }
  assert.deepEqual(b.errors, [])
})
