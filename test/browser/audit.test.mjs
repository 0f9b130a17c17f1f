// What people had done stands in the audit, whichever way it came in, and on the
// page of the object: for everybody to read, found again, taken along.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, freePort, harness, openWhen, run, serve, signIn } from './lib.mjs'
import { examine, sideways, tabThrough } from './a11y.mjs'

const comment = 'disk <b>is</b>; ordered'

test('the audit', { timeout: 300000 }, async t => {
  const call = await harness(t)
  const port = await freePort()
  const app = await serve(t, [await core(call, 'Berlin')], undefined, { more: `livestatus: [{listen: "127.0.0.1:${port}", as: admin, commands: true}]\n` })
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/hosts')
  const at = ['--at', `127.0.0.1:${port}`]
  const host = (await run(['query', ...at, '--format', 'raw', 'GET hosts\nColumns: name\nLimit: 1'])).out.trim()
  const site = (await run(['query', ...at, '--format', 'raw', 'GET sites\nColumns: key'])).out.trim()

  await t.test('an order over Livestatus is done, and is in the audit', async () => {
    const r = await run(['comment', ...at, '--yes', '--comment', comment, `host=${host}`])
    assert.equal(r.code, 0, r.out + r.err)
    assert.match(r.out, /Berlin: 5 seen/)
    await page.goto(app.url + '/audit')
    await page.getByRole('cell', { name: 'gave order' }).first().waitFor()
    await page.getByRole('cell', { name: '1 confirmed' }).first().waitFor()
    await page.getByRole('link', { name: 'Orders', exact: true }).last().click()
    await page.waitForURL(/kind=order/)
    const line = page.locator('tbody tr').filter({ hasText: `${host} / ` }).first()
    await line.waitFor()
    const text = await line.innerText()
    for (const want of ['admin', 'Comment', comment, 'Berlin', 'confirmed', 'Livestatus 127.0.0.1']) assert.ok(text.includes(want), `${want} in: ${text}`)
  })

  await t.test('orders are found again', async () => {
    await page.goto(app.url + '/audit?kind=order.')
    await page.getByText('Search further').click()
    await page.getByLabel('Host', { exact: true }).fill(host)
    await page.getByLabel('Command', { exact: true }).fill('add_host_comment')
    await page.getByLabel('Result', { exact: true }).selectOption({ label: 'confirmed' })
    await page.getByLabel('Given from').fill('-1h')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(/command=/)
    assert.equal(await page.locator('tbody tr').count(), 1)
    await page.getByLabel('Given before').fill('-1h')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('No such order').waitFor()
    await page.getByRole('link', { name: 'Show all orders' }).click()
    await page.locator('tbody tr').first().waitFor()
  })

  await t.test('and taken along as JSON lines', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'JSON lines' }).click()])
    assert.match(download.suggestedFilename(), /^audit-.*\.jsonl$/)
    const stream = await download.createReadStream()
    let text = ''
    for await (const piece of stream) text += piece
    const lines = text.trim().split('\n').map(l => JSON.parse(l))
    assert.equal(lines.length, 5)
    for (const l of lines) {
      assert.equal(l.kind, 'order')
      assert.equal(l.who, 'admin')
      assert.equal(l.host, host)
      assert.equal(l.result, 'seen')
      assert.equal(l.args.comment, comment)
    }
  })

  await t.test('the page of the host says who had what done', async () => {
    await page.goto(`${app.url}/host/${encodeURIComponent(site)}/${encodeURIComponent(host)}`)
    const panel = page.getByRole('region', { name: 'Orders' }).or(page.locator('[aria-labelledby=h-ord]')).first()
    const text = await panel.innerText()
    for (const want of ['admin', 'Comment', comment, 'confirmed']) assert.ok(text.includes(want), `${want} in: ${text}`)
    assert.equal(await panel.locator('.note').count(), 1)
  })

  await t.test('everybody can read it', async () => {
    const bad = []
    for (const [name, path] of [['audit-orders', '/audit?kind=order.'], ['audit-none', '/audit?kind=order.&q=nobody'], ['audit-search', `/audit?kind=order.&q=admin&host=${encodeURIComponent(host)}`], ['audit-mistake', '/audit?kind=order.&from=soon'],
      ['audit-all', '/audit'], ['host-orders', `/host/${encodeURIComponent(site)}/${encodeURIComponent(host)}`]]) {
      await page.goto(app.url + path)
      bad.push(...await examine(page, name))
    }
    await page.goto(app.url + '/audit?kind=order.')
    bad.push(...await tabThrough(page, 'audit-orders'))
    const german = await b.page({ locale: 'de-DE', viewport: { width: 390, height: 844 } })
    await signIn(german, app.url)
    for (const path of ['/audit?kind=order.', '/audit', `/host/${encodeURIComponent(site)}/${encodeURIComponent(host)}`]) {
      await german.goto(app.url + path)
      const wide = await sideways(german)
      if (wide) bad.push(`${path}: ${wide}`)
    }
    assert.equal(await german.locator('#h-ord').innerText(), 'Aufträge')
    assert.deepEqual(bad, [])
  })

  assert.deepEqual(b.errors.filter(e => !e.includes('400 (Bad Request)')), [])
})
