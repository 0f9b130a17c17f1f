// Two Belvederes, the second with the first as its only site, and a Thruk: what
// is behind another server is shown as it is, told when it is not, and obeys.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, freePort, harness, openWhen, row, serve, shot, signIn, start, steps, until } from './lib.mjs'

const thrukKey = 'a2f3_0123456789abcdef0123456789abcdef'

test('federation', { timeout: 300000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const wien = { ...await core(call, 'Wien', { hosts: 6, services: 3, quiet: 1, churn: -1 }), section: 'Austria/East' }
  const graz = await core(call, 'Graz', { hosts: 4, services: 2, quiet: 1, churn: -1 })
  const port = await freePort()
  const a = await serve(t, [wien, graz], undefined, { more: `livestatus:\n  - listen: tcp://127.0.0.1:${port}\n    as: admin\n    commands: true\n` })
  let b = await serve(t, [{ name: 'Europe', address: `tcp://127.0.0.1:${port}`, section: 'World' }])
  const c = await browser(t)
  const page = await c.page()
  page.context().setDefaultTimeout(30000)
  await signIn(page, b.url)
  // The text of the list of sites once it is as wanted.
  const listed = async want => {
    let text = ''
    try {
      return await until('the list of sites', async () => {
        await page.goto(b.url + '/sites')
        text = await page.locator('main').innerText()
        return want(text) && text
      }, 60000, 500)
    } catch (e) { throw new Error(`${e.message}: ${text}`, { cause: e }) }
  }
  const live = text => Number(text.match(/(\d+) live/)?.[1])
  const down = text => (text.match(/^\s*not answering\s/gm) || []).length // the way counts, too
  const section = async key => {
    await page.goto(`${b.url}/sites/europe.${key}/edit`)
    return page.locator('[name=section]').inputValue()
  }
  const services = await call('/core/Wien/rows', { table: 'services' })
  const now = async () => (await call('/core/Wien/rows', { table: 'services' }))[0]
  const { host_name: host, description: service } = services[0]

  await step('the sites of the first are sites of the second, with names, sections and numbers', async () => {
    const text = await listed(t => t.includes('Graz') && live(t) === 2)
    assert.match(text, /Europe/)
    assert.match(text, /Graz/)
    assert.deepEqual(await axe(page), [])
    await shot(page, 'federation-sites')
    assert.equal(await section('wien'), 'World/Austria/East')
    assert.equal(await section('graz'), 'World')
    await openWhen(page, b.url + '/hosts')
    await until('all hosts', async () => (await page.locator('table[data-live] tbody > tr[id]').count()) === 10)
  })

  await step('they fit a phone, in German and in the dark', async () => {
    const phone = await c.page({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'de-DE', storageState: await page.context().storageState() })
    await phone.goto(b.url + '/sites')
    await phone.locator('tbody th.who a', { hasText: 'Graz' }).waitFor({ timeout: 90000 })
    assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
    assert.deepEqual(await axe(phone), [])
    await shot(phone, 'federation-sites-phone-dark')
    await phone.context().close()
  })

  await step('an acknowledgement given at the second arrives at the core of the first', async () => {
    await call('/core/Wien/result', { host, service, state: 2, output: 'the disk is full' })
    await openWhen(page, b.url + '/problems')
    const r = row(page, host, service)
    await r.waitFor()
    await page.keyboard.press('j')
    for (let i = 0; i < 5 && !await r.evaluate(el => el === document.activeElement); i++) await page.keyboard.press('j')
    await page.keyboard.press('Shift+A')
    await page.locator('.toast').filter({ hasText: 'Acknowledged 1 problem' }).first().waitFor()
    await until('the acknowledgement at the core', async () => String((await now()).acknowledged) === '1')
    const comments = await call('/core/Wien/rows', { table: 'comments' })
    assert.ok(comments.some(x => x.host_name === host && x.author === 'admin'), JSON.stringify(comments))
    const other = await c.page()
    await signIn(other, a.url)
    await openWhen(other, a.url + '/services?q=is:acknowledged')
    assert.equal(await row(other, host, service).count(), 1)
    await other.context().close()
  })

  await step('when the first ends, the second keeps what it had and says so', async () => {
    await a.stop()
    await page.goto(b.url + '/hosts')
    await page.getByText('none of the 2 sites is up to date').waitFor()
    assert.equal(await page.locator('table[data-live] tbody > tr[id]').count(), 10)
    await shot(page, 'federation-away-hosts')
    await page.goto(b.url + '/sites')
    assert.match(await listed(t => down(t) === 3), /Europe, which leads to it, cannot be asked/)
    assert.deepEqual(await axe(page), [])
    await shot(page, 'federation-away')
  })

  await step('started anew meanwhile, it knows them by name', async () => {
    await b.stop()
    b = await start(t, b.args, { data: b.data, port: b.port })
    await page.goto(b.url + '/sites')
    const text = await listed(t => down(t) === 3)
    for (const want of ['Wien', 'Graz', 'cannot be asked']) assert.ok(text.includes(want), `${want} in ${text}`)
    await shot(page, 'federation-anew')
    assert.equal(await section('wien'), 'World/Austria/East')
    await start(t, a.args, { data: a.data, port: a.port })
    await listed(t => live(t) === 2)
  })

  await step('a Thruk is added with its key, after a test that says what is behind it', async () => {
    const { address } = await call('/thruk', { key: thrukKey, cores: 'Wien,Graz' })
    await page.goto(b.url + '/sites/new')
    await page.fill('#f-name', 'Old world')
    await page.fill('#f-addresses', address)
    await page.locator('summary', { hasText: 'Sign-in' }).click()
    await page.fill('#f-password', 'wrong')
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.crit').first().waitFor()
    assert.match(await page.locator('#verdict').innerText(), /does not take the key/)
    await shot(page, 'federation-thruk-refused')
    await page.fill('#f-password', thrukKey)
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.ok, #verdict .tag.warn').first().waitFor()
    assert.match(await page.locator('#steps').innerText(), /2: Graz, Wien/)
    assert.deepEqual(await axe(page), [])
    await shot(page, 'federation-thruk-test')
    await page.getByRole('button', { name: 'Add site' }).click()
    await page.waitForURL(u => !u.pathname.endsWith('/new'))
    await listed(t => t.includes('Wien (Old world)') && live(t) === 4)
    assert.ok(!(await page.content()).includes(thrukKey))
    await shot(page, 'federation-thruk')
  })

  assert.deepEqual(c.errors.filter(e => !e.includes('ERR_')), []) // of the servers that were ended
})
