// Acting on what one sees: forms, orders on their way, and what came of them.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, harness, openWhen, serve, shot, signIn, steps, until } from './lib.mjs'

const rowsOf = (call, name, table) => call(`/core/${name}/rows`, { table })
const object = (site, s) => `/service/${site}/${encodeURIComponent(s.host_name)}/${encodeURIComponent(s.description)}`

test('acting', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = [await core(call, 'Wien', { quiet: 1, hosts: 4, services: 3, churn: -1 })]
  const app = await serve(t, sites)
  const b = await browser(t)
  const page = await b.page()
  const services = await rowsOf(call, 'Wien', 'services')
  const set = (i, state, output) => call('/core/Wien/result', { host: services[i].host_name, service: services[i].description, state, output })
  const now = async i => (await rowsOf(call, 'Wien', 'services')).find(s => s.host_name === services[i].host_name && s.description === services[i].description)
  await signIn(page, app.url)
  await openWhen(page, app.url + '/services')
  await set(0, 2, 'the first is broken')
  const key = (await page.locator('table[data-live] tbody > tr[id]').first().getAttribute('id')).split('|')[0]
  const dialog = page.locator('dialog#act')
  const toast = page.locator('.toast.order')

  await step('a problem is acknowledged from its page, shown at once, confirmed, and taken back', async () => {
    await openWhen(page, app.url + object(key, services[0]), 'main [data-act=acknowledge]')
    await page.locator('main [data-act=acknowledge]:not([data-quick])').click()
    await dialog.waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.name), 'comment')
    await page.keyboard.press('Enter') // nothing written: the browser says so
    assert.equal(await dialog.isVisible(), true)
    await page.keyboard.type('Rolling back; OPS-4419')
    await shot(page, 'act-acknowledge')
    await page.keyboard.press('Control+Enter')
    await dialog.waitFor({ state: 'hidden' })
    await page.locator('main .head [data-acting]').waitFor()
    await toast.filter({ hasText: 'Acknowledged 1 problem' }).waitFor()
    await shot(page, 'act-acknowledged')
    assert.equal(String((await now(0)).acknowledged), '1')
    await page.locator('main [data-act=unacknowledge]').waitFor()
    await toast.locator('[data-undo]').click()
    await toast.filter({ hasText: 'Removed 1 acknowledgement' }).waitFor()
    assert.equal(String((await now(0)).acknowledged), '0')
    await page.locator('main [data-act=acknowledge]').first().waitFor()
  })

  assert.deepEqual(b.errors, [])
})
