// Who is restricted to a contact finds no trace of anything else.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, password, serve, signIn, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'

test('a viewer with a contact', { timeout: 180000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const wien = await core(call, 'Wien', { hosts: 40, services: 4 })
  const secret = await core(call, 'Geheim', { hosts: 10, services: 2 })
  const app = await serve(t, [wien, secret], [
    { name: 'admin', flags: ['--role', 'admin', '--see-all'] },
    { name: 'bob', flags: ['--role', 'viewer', '--site-contact', 'Wien=t.rossi'] },
    { name: 'eve', flags: ['--role', 'viewer'] },
  ])
  // What is theirs, by the core's own truth.
  const hosts = await call('/core/Wien/rows', { table: 'hosts' })
  const services = await call('/core/Wien/rows', { table: 'services' })
  const mine = new Set([...hosts.filter(h => h.contacts.includes('t.rossi')).map(h => h.name), ...services.filter(s => s.contacts.includes('t.rossi')).map(s => s.host_name)])
  const foreign = hosts.map(h => h.name).filter(n => !mine.has(n))
  assert.ok(mine.size > 0 && foreign.length > 0)

  const b = await browser(t)
  const admin = await b.page()
  await signIn(admin, app.url)
  await until('both sites to be read', async () => {
    await admin.goto(app.url + '/sites')
    return await admin.locator(rows).filter({ hasText: 'live' }).count() === 2
  }, 60000, 500)
  await admin.goto(app.url + '/hosts?limit=1000')
  assert.equal(await admin.locator(rows).count(), 50)

  const page = await b.page()
  await signIn(page, app.url, 'bob', password)
  await openWhen(page, app.url + '/services')

  await step('lists hold what is theirs, all of it and nothing else', async () => {
    await page.goto(app.url + '/hosts?limit=1000')
    const shown = await page.locator(`${rows} th.who a:first-child`).allInnerTexts()
    const want = hosts.filter(h => h.contacts.includes('t.rossi')).map(h => h.name)
    assert.deepEqual(shown.map(s => s.trim()).sort(), want.sort())
    await page.goto(app.url + '/services?limit=1000')
    const own = services.filter(s => s.contacts.includes('t.rossi')).length
    await until('their services', async () => await page.locator(rows).count() >= own)
    const on = new Set((await page.locator(`${rows} th.who a:first-child`).allInnerTexts()).map(s => s.trim()))
    assert.deepEqual([...on].filter(h => !mine.has(h)), [])
  })

  await step('no page names anything else', async () => {
    for (const path of ['/problems', '/problems?view=suppressed', '/hosts?limit=1000', '/services?limit=1000', '/sites', '/profile', '/search?q=a', `/search?q=${encodeURIComponent(foreign[0])}`]) {
      await page.goto(app.url + path)
      const text = (await page.content()).replaceAll(foreign[0], path.includes('search') ? '' : foreign[0])
      for (const name of [...foreign.slice(path.includes('search') ? 1 : 0), 'Geheim']) assert.ok(!text.includes(`>${name}<`), `${name} on ${path}`)
    }
    assert.equal(await page.locator('[data-chooser-form] input[name=site]').count(), 1)
  })

  await step('the palette does not know it', async () => {
    await page.goto(app.url + '/hosts')
    for (const name of foreign.slice(0, 3)) {
      await page.keyboard.press('Control+k')
      await page.fill('#palette input', name)
      await until('the answer', async () => (await page.locator('[data-palette-note]').innerText()) === '0 objects')
      assert.equal(await page.locator('#palette [role=option][data-href*="/host/"]').count(), 0)
      await page.keyboard.press('Escape')
    }
    await page.keyboard.press('Control+k')
    const own = [...mine][0]
    await page.fill('#palette input', own)
    await page.locator('#palette [role=option][data-href*="/host/"]').first().waitFor()
    await page.keyboard.press('Escape')
  })

  await step('a foreign page and a missing one look the same', async () => {
    const h1 = async path => {
      const r = await page.goto(app.url + path)
      return [r.status(), (await page.locator('h1').innerText()).replace(/“.*”/, '“…”')]
    }
    const site = new URL(await (await admin.goto(app.url + '/hosts?q=' + encodeURIComponent(foreign[0])), admin.locator(`${rows} th.who a`).first().evaluate(a => a.href))).pathname
    assert.deepEqual(await h1(site), await h1(site + '-nope'))
    assert.equal((await h1('/people'))[0], 403)
    assert.equal((await h1('/sites/new'))[0], 403)
    b.errors.length = 0 // the browser reports the refusals
  })

  await step('who has neither contact nor right sees nothing, and is told why', async () => {
    const eve = await b.page()
    await signIn(eve, app.url, 'eve', password)
    for (const path of ['/problems', '/hosts', '/services']) {
      await eve.goto(app.url + path)
      assert.equal(await eve.locator(rows).count(), 0)
      await eve.getByText('You see no hosts here').or(eve.getByText('You see no services here')).first().waitFor()
    }
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))
})
