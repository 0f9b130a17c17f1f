// Acting on what one sees: forms, orders on their way, and what came of them.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, harness, openWhen, row, serve, shot, signIn, steps, until } from './lib.mjs'

const rowsOf = (call, name, table) => call(`/core/${name}/rows`, { table })
const object = (site, s) => `/service/${site}/${encodeURIComponent(s.host_name)}/${encodeURIComponent(s.description)}`

test('acting', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = [await core(call, 'Wien', { quiet: 1, hosts: 4, services: 3, churn: -1 })]
  const app = await serve(t, sites)
  const b = await browser(t)
  const page = await b.page()
  page.setDefaultTimeout(30000)
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

  await step('one key acknowledges the row that has the focus, and another takes it back', async () => {
    await openWhen(page, app.url + '/problems')
    await set(1, 1, 'the second is slow')
    const r = row(page, services[1].host_name, services[1].description)
    await r.waitFor()
    await page.keyboard.press('j')
    for (let i = 0; i < 5 && !await r.evaluate(el => el === document.activeElement); i++) await page.keyboard.press('j')
    await page.keyboard.press('Shift+A')
    await toast.filter({ hasText: 'Acknowledged 1 problem' }).waitFor()
    assert.equal(String((await now(1)).acknowledged), '1')
    await page.keyboard.press('z')
    await toast.filter({ hasText: 'Removed 1 acknowledgement' }).waitFor()
    assert.equal(String((await now(1)).acknowledged), '0')
  })

  await step('a downtime is scheduled by keyboard with a typed time, changed, and cancelled', async () => {
    await openWhen(page, app.url + `/host/${key}/${encodeURIComponent(services[2].host_name)}`, 'main [data-act=downtime]')
    await page.keyboard.press('d')
    await dialog.waitFor()
    await dialog.locator('[name=length][value=other]').check({ force: true })
    await dialog.locator('[name=length_other]').fill('90m')
    await dialog.locator('[data-when-words]', { hasText: 'in 1 h 30 m' }).waitFor()
    await dialog.locator('[name=comment]').fill('Breaker F14 is replaced')
    await shot(page, 'act-downtime')
    await page.keyboard.press('Control+Enter')
    await toast.filter({ hasText: 'Scheduled' }).waitFor()
    const planned = async () => (await rowsOf(call, 'Wien', 'downtimes')).filter(d => d.comment.includes('Breaker'))
    await until('the downtimes of the host and its services', async () => (await planned()).length === 4)
    const one = (await planned())[0]
    assert.equal(Number(one.end_time) - Number(one.start_time), 5400)
  })

  await step('a selection is rechecked, and everything that a filter means is acknowledged', async () => {
    await set(0, 2, 'broken again')
    await set(1, 1, 'slow again')
    await openWhen(page, app.url + '/services?q=' + encodeURIComponent('is:problem'), '.pick')
    await until('two problems', async () => await page.locator('.pick').count() >= 2)
    await page.locator('.pick').first().check()
    const bulk = page.locator('.bulk')
    await bulk.waitFor()
    await shot(page, 'act-bulk')
    await bulk.locator('[data-every]').check()
    await bulk.locator('[data-act=acknowledge]').click()
    await dialog.waitFor()
    await dialog.locator('h2', { hasText: 'Acknowledge' }).waitFor()
    await shot(page, 'act-bulk-dialog')
    await dialog.locator('[name=comment]').fill('all of it')
    await dialog.locator('footer .pri').click()
    await toast.filter({ hasText: 'Acknowledged' }).waitFor()
    assert.equal(String((await now(0)).acknowledged), '1')
    assert.equal(String((await now(1)).acknowledged), '1')
    await bulk.waitFor({ state: 'hidden' })
  })

  assert.deepEqual(b.errors, [])
})
