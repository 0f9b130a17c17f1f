// A real Nagios 4 with nothing else installed, which writes its status file once a minute, is read from its files: what
// changes there is on an open page long before the next one. How long it takes is in docs/performance.md.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, harness, mark, openWhen, serve, signIn, unloaded, until } from './lib.mjs'

test('changes of a nagios without livestatus reach an open page', { timeout: 300000 }, async t => {
  const call = await harness(t)
  const { unix } = await call('/nagios4')
  const app = await serve(t, [{ name: 'Nagios', address: 'unix://' + unix }])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/services')
  await until('400 services', async () => {
    await page.goto(app.url + '/services')
    return /of 400 services/.test(await page.locator('.pager').innerText())
  }, 90000, 500)
  await page.mouse.move(600, 5)
  await mark(page)
  for (let i = 0; i < 20; i++) {
    const output = `by its files: result ${i}.`
    await call('/nagios4/result', { host: 'h01', service: `svc ${i % 10}`, state: i < 10 ? 2 : 0, output })
    await page.locator('main', { hasText: output }).waitFor({ timeout: 90000 })
  }
  assert.equal(await unloaded(page), false)
})
