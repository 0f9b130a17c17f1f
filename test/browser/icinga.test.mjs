// The way of a newcomer: first start, the code from the log, a real Icinga 2
// added in the wizard over unix socket, TCP and xinetd, its hosts and services
// on the pages, and everything that can happen to it while a page is open.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, harness, mark, openWhen, password, row, run, setupCode, start, unloaded, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
const host = 'h02'

test('a real Icinga 2', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  let icinga
  try {
    icinga = await call('/icinga2')
  } catch (e) {
    if (/not installed/.test(e.message) && process.env.CI !== 'true') return t.skip('NOT TESTED AGAINST A REAL CORE: ' + e.message)
    throw e
  }
  const app = await start(t, ['serve'])
  const b = await browser(t)
  const page = await b.page()

  await step('first start asks for the code and makes the admin', async () => {
    const code = await setupCode(app)
    await page.goto(app.url + '/hosts')
    assert.equal(new URL(page.url()).pathname, '/setup')
    await page.fill('[name=code]', 'WRNG-CODE-2345')
    await page.fill('[name=username]', 'admin')
    await page.fill('[name=password]', password)
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.getByText('This is not the code').waitFor()
    b.errors.length = 0 // the browser reports the refusal
    await page.fill('[name=code]', code)
    await page.fill('[name=password]', password)
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.waitForURL('**/sites/new')
    // The code is used up.
    await page.goto(app.url + '/setup')
    assert.notEqual(new URL(page.url()).pathname, '/setup')
  })

  // stage waits for the end of a step of the connection test.
  const stage = (name, word) => page.locator(`#step-${name}`).filter({ hasText: word }).waitFor({ timeout: 120000 })
  const testIt = async (name, address) => {
    await page.goto(app.url + '/sites/new')
    await page.fill('#f-name', name)
    await page.fill('#f-addresses', address)
    await page.getByRole('button', { name: 'Test the connection' }).click()
  }

  await step('the wizard says why an address does not work', async () => {
    await testIt('Nowhere', 'unix:///nowhere/live')
    await stage('connect', 'failed')
    await stage('hosts', 'not done')
    assert.ok((await page.locator('#verdict .help b').innerText()).length > 10)
    assert.ok((await page.locator('#verdict .help p').innerText()).length > 10)
    await testIt('Nobody', 'tcp://127.0.0.1:1')
    await stage('connect', 'failed')
    await page.locator('#verdict .tag.crit').waitFor()
  })

  await step('is added over unix socket, TCP and xinetd; the same core is noticed', async () => {
    const ways = [['Socket', 'unix://' + icinga.unix], ['Network', 'tcp://' + icinga.tcp], ['Xinetd', 'tcp://' + icinga.xinetd]]
    for (const [i, [name, address]] of ways.entries()) {
      await testIt(name, address)
      await stage('connect', 'OK')
      await stage('identify', 'OK')
      await page.locator('#step-identify').filter({ hasText: 'Icinga 2' }).waitFor()
      await stage('hosts', 'OK')
      await page.locator('#step-hosts').filter({ hasText: '50' }).waitFor()
      await stage('services', 'OK')
      await page.locator('#verdict .tag.ok, #verdict .tag.warn').first().waitFor({ timeout: 120000 })
      const twin = page.locator('#verdict').getByText('looks like the same core')
      assert.equal(await twin.count(), i === 0 ? 0 : 1, name)
      await page.getByRole('button', { name: 'Add site' }).click()
      await page.waitForURL('**/sites')
      const line = page.locator(rows).filter({ has: page.getByText(name, { exact: true }) })
      await line.filter({ hasText: 'live' }).waitFor({ timeout: 120000 })
      await line.filter({ hasText: '50' }).filter({ hasText: '400' }).waitFor({ timeout: 120000 })
      assert.match(await line.innerText(), /Icinga 2/)
    }
    const listed = await run(['site', 'list', '--json', '--data', app.data + '/data'])
    assert.deepEqual(JSON.parse(listed.out).map(s => s.name).sort(), ['Network', 'Socket', 'Xinetd'])
  })

  await step('its hosts and services are on the pages, with the site beside them', async () => {
    await openWhen(page, app.url + '/hosts?limit=1000')
    await until('all hosts of all sites', async () => {
      await page.goto(app.url + '/hosts?limit=1000')
      return await page.locator(rows).count() === 150
    }, 60000, 500)
    await page.goto(app.url + '/services?limit=1000&q=' + encodeURIComponent('Größe'))
    await until('one service of each host', async () => await page.locator(rows).count() === 150)
    await page.goto(app.url + '/hosts?q=' + encodeURIComponent('köln 03'))
    const places = (await page.locator(`${rows} td.c-site`).allInnerTexts()).map(s => s.trim()).sort()
    assert.deepEqual(places, ['Network', 'Socket', 'Xinetd'])
    await page.locator(`${rows} th.who a`).first().click()
    await page.waitForURL('**/host/**')
    assert.equal((await page.locator('h1').innerText()).trim(), 'köln 03')
    await page.getByText('also on').first().waitFor()
    await page.locator('main').getByText('Größe 更新').first().click()
    await page.waitForURL('**/service/**')
    assert.equal((await page.locator('h1').innerText()).trim(), 'Größe 更新')
    await call('/icinga2/result', { host: 'köln 03', service: 'Größe 更新', state: 0, output: 'OK - Größe ✓ submitted|load=29%;80;90;0;100' })
    await page.locator('.head .out').filter({ hasText: 'OK - Größe ✓ submitted' }).waitFor({ timeout: 120000 })
    await page.locator('.cmd').filter({ hasText: 'dummy' }).first().waitFor()
    await page.locator('table[aria-labelledby=h-met] tr').filter({ hasText: 'load' }).filter({ hasText: '29' }).waitFor()
    await page.locator('#all summary').click()
    await page.locator('#all').getByText('check_command', { exact: true }).waitFor()
  })

  // One of the three is enough from here on: two would tell the same.
  await step('two of the sites are removed', async () => {
    for (const name of ['Network', 'Xinetd']) {
      await page.goto(app.url + '/sites')
      await page.getByRole('link', { name, exact: true }).click()
      await page.getByRole('button', { name: 'Remove', exact: true }).click()
      await page.getByRole('button', { name: 'Remove site' }).click()
      await page.waitForURL('**/sites')
    }
    assert.equal(await page.locator(rows).count(), 1)
  })

  await step('a passive result changes the row in the open page', async () => {
    await openWhen(page, app.url + '/services?q=' + host)
    await mark(page)
    const line = row(page, host, 'svc 1')
    const node = await line.elementHandle()
    for (const [state, word] of [[2, 'CRITICAL'], [1, 'WARNING'], [0, 'OK']]) {
      await call('/icinga2/result', { host, service: 'svc 1', state, output: `passive ${word}|v=${state}` })
      await until(`${word} in the same row`, async () => (await node.innerText()).includes(`passive ${word}`), 120000)
      assert.match(await node.innerText(), new RegExp(`^\\s*${word}`))
    }
    await call('/icinga2/result', { host, service: '', state: 1, output: 'host is gone' })
    await page.goto(app.url + '/problems')
    await page.mouse.move(2, 2) // a list under the pointer would collect new rows
    await row(page, host).filter({ hasText: 'host is gone' }).waitFor({ timeout: 120000 })
    await call('/icinga2/result', { host, service: '', state: 0, output: 'host is back' })
    await until('the host to leave the list', async () => await page.locator(rows + ':not(.gone)').filter({ hasText: 'host is gone' }).count() === 0, 120000)
  })

  await step('comments and downtimes appear on the open page', async () => {
    await page.goto(app.url + '/hosts?q=' + host)
    await page.locator(`${rows} th.who a`).first().click()
    await page.waitForURL('**/host/**')
    await mark(page)
    await call('/icinga2/command', { line: `ADD_HOST_COMMENT;${host};1;admin;a comment of the test` })
    await page.locator('.note').filter({ hasText: 'a comment of the test' }).waitFor({ timeout: 120000 })
    const now = Math.floor(Date.now() / 1000)
    await call('/icinga2/command', { line: `SCHEDULE_HOST_DOWNTIME;${host};${now - 10};${now + 3600};1;0;0;admin;a downtime of the test` })
    await page.locator('.note').filter({ hasText: 'a downtime of the test' }).first().waitFor({ timeout: 120000 })
    assert.equal(await unloaded(page), false)
  })

  await step('every page to look at has the rows of this core', async () => {
    const main = page.locator('main')
    const open = async (path, ...words) => {
      assert.equal((await page.goto(app.url + path)).status(), 200, path)
      for (const w of words) await until(`${w} on ${path}`, async () => (await main.innerText()).includes(w), 60000)
    }
    await open('/overview', 'Socket')
    await open('/groups', 'All hosts', 'Web', 'Nobody in it')
    assert.match(await main.locator('tr', { hasText: 'All hosts' }).innerText(), /50/)
    await open('/groups?kind=service', 'First of each', 'Größen <b>fett</b>')
    await open('/groups?view=matrix&group=web', 'svc 1', 'h02')
    await open('/hostgroup/web')
    assert.equal(await main.locator('a[href^="/host/"]').evaluateAll(l => new Set(l.map(a => a.pathname)).size), 25)
    await open('/servicegroup/' + encodeURIComponent('größen'), 'Größe 更新')
    // h07 is down by its configuration, and h28 depends on it.
    await until('the outage', async () => {
      await page.goto(app.url + '/outages')
      return await page.locator(rows).filter({ hasText: 'h07' }).count() > 0
    }, 120000, 500)
    await open('/map', 'h07')
    await open('/map?view=tree', 'h07')
    await open('/downtimes', 'a downtime of the test')
    await open('/comments', 'a comment of the test')
    await open('/processes', 'Icinga 2')
    await main.locator('th a[href^="/processes/"]').first().click()
    await page.waitForURL('**/processes/*')
    await open('/hygiene')
    await open('/config/contacts', 'joerg@example.org', 'admin@example.org')
    await main.getByRole('link', { name: 'jörg' }).first().click()
    await page.waitForURL('**/config/contacts/**')
    await main.getByText('ops-münchen').first().waitFor()
    await open('/config/timeperiods', 'nächte')
    await open('/config/commands', 'dummy')
    await open('/services?q=' + encodeURIComponent('servicegroup:größen host:köln*'))
    assert.equal(await page.locator(rows).count(), 5)
    await open('/services?q=' + encodeURIComponent('_SLA:99.5'), 'WARNING - slow')
    const csv = await page.request.get(app.url + '/services/export?format=csv&q=' + encodeURIComponent('servicegroup:größen'))
    assert.equal(csv.status(), 200)
    const lines = (await csv.text()).trim().split('\n')
    assert.equal(lines.length, 51)
    assert.match(lines[1], /Größe 更新/)
    assert.deepEqual(b.errors, [])
    assert.deepEqual(app.log.filter(l => /level=(ERROR|error)|"level":"ERROR"|panic/.test(l)), [])
  })

  await step('reload, stop and start show as late, down with cause, fresh, without a reload of the page', async () => {
    await page.goto(app.url + '/sites')
    await mark(page)
    const line = page.locator(rows).first()
    const word = async () => (await line.locator('td.c-state').innerText()).trim()
    // Every word the row goes through is kept by the page itself.
    await page.evaluate(sel => {
      window.words = []
      const look = () => {
        const w = document.querySelector(sel + ' td.c-state').textContent.trim()
        if (window.words.at(-1) !== w) window.words.push(w)
      }
      look()
      new MutationObserver(look).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true, attributes: true })
    }, rows)
    await call('/icinga2/reload')
    await until('fresh after the reload', async () => await word() === 'live', 120000)
    await call('/icinga2/halt')
    await until('late', () => page.evaluate(() => window.words.includes('late')), 120000)
    await until('down', async () => await word() === 'not answering', 120000)
    const cause = await until('its cause', async () => (await line.locator('td.own').innerText()).trim(), 120000)
    assert.match(cause, /socket|refuse|listen|answer/i)
    const banner = page.locator('[data-block="-banner"] .banner')
    const other = await b.tab(page.context())
    await other.goto(app.url + '/services')
    await other.locator('[data-block="-banner"] .banner').filter({ hasText: 'Socket' }).waitFor({ timeout: 120000 })
    assert.equal(await other.locator(rows).count(), 100) // the last data is shown, and marked
    assert.equal(await other.locator(rows + '.stale').count(), 100)
    await mark(other)
    await call('/icinga2/launch')
    await until('fresh again', async () => await word() === 'live', 120000)
    await banner.waitFor({ state: 'detached', timeout: 120000 })
    await other.locator('[data-block="-banner"] .banner').waitFor({ state: 'detached', timeout: 120000 })
    await call('/icinga2/restart')
    await call('/icinga2/result', { host, service: 'svc 1', state: 2, output: 'after the restart' })
    await until('a row after the restart', async () => {
      const r = row(other, host, 'svc 1')
      return await r.count() === 0 || (await r.innerText()).includes('after the restart')
    }, 120000)
    await other.goto(app.url + '/services?q=' + host)
    await row(other, host, 'svc 1').filter({ hasText: 'after the restart' }).waitFor({ timeout: 120000 })
    await until('fresh after the restart', async () => await word() === 'live', 120000)
    const words = await page.evaluate(() => window.words)
    const order = ['late', 'not answering', 'live'].map((w, i, l) => words.indexOf(w, i > 0 ? words.indexOf(l[i - 1]) : 0))
    assert.ok(order.every((x, i) => x >= 0 && (i === 0 || x > order[i - 1])), words.join(' → '))
    assert.equal(await unloaded(page), false)
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))
})
