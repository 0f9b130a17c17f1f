// The problems page by mouse, by keyboard, without script and on a phone:
// folds, groups, views.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, harness, mark, openWhen, row, serve, signIn, steps, unloaded, until } from './lib.mjs'

const kids = 'tr.kid'
const wide = page => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)

test('problems', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const site = await core(call, 'Wien', { quiet: 1, hosts: 30, services: 4, churn: -1 })
  const app = await serve(t, [site])
  const b = await browser(t)
  const page = await b.page()
  const hosts = await call('/core/Wien/rows', { table: 'hosts' })
  const services = await call('/core/Wien/rows', { table: 'services' })
  const behind = new Map()
  for (const h of hosts) if (h.parents.length === 1) behind.set(h.parents[0], [...(behind.get(h.parents[0]) ?? []), h.name])
  const [cause, children] = [...behind].sort((a, c) => c[1].length - a[1].length)[0]
  const result = (host, service, state, output) => call('/core/Wien/result', { host, service, state, output })
  await signIn(page, app.url)
  await openWhen(page, app.url + '/hosts')
  await result(cause, '', 1, 'the switch is gone')
  for (const c of children) await result(c, '', 1, 'out of reach')
  const own = services.find(s => s.host_name === children[0])
  await result(own.host_name, own.description, 2, 'nobody answers')
  const check = services.find(s => s.host_name !== cause && !children.includes(s.host_name) && services.filter(o => o.description === s.description && o.host_name !== cause && !children.includes(o.host_name)).length >= 3).description
  const same = services.filter(s => s.description === check && s.host_name !== cause && !children.includes(s.host_name))
  for (const s of same) await result(s.host_name, s.description, 1, 'slow everywhere')

  await step('one row stands for all that is behind it', async () => {
    await page.goto(app.url + '/problems')
    await mark(page)
    await row(page, cause).locator('a.fold').filter({ hasText: /hides \d+ host/ }).waitFor()
    await until('the services of its hosts in the count', async () => /· 1 service/.test(await row(page, cause).innerText()) || /and 1 service/.test(await page.locator('tr.grp').first().innerText()))
    assert.equal(await page.locator(kids).count(), 0)
    await page.locator('tr.grp').filter({ hasText: `${check} on ${same.length} hosts` }).waitFor()
  })

  await step('the mouse unfolds it, the address keeps it, an update leaves it', async () => {
    await row(page, cause).locator('a.fold').click()
    await page.locator(kids).filter({ hasText: children[0] }).first().waitFor()
    assert.equal(await unloaded(page), false)
    assert.match(page.url(), /open=/)
    await page.mouse.move(600, 5)
    await page.evaluate(() => document.activeElement?.blur())
    await result(own.host_name, own.description, 2, 'still nobody answers')
    await page.locator(kids).filter({ hasText: 'still nobody answers' }).waitFor()
    await page.reload()
    await page.locator(kids).filter({ hasText: children[0] }).first().waitFor()
    assert.deepEqual(await axe(page), [])
    await row(page, cause).locator('a.fold').click()
    await page.locator(kids).first().waitFor({ state: 'detached' })
    assert.doesNotMatch(page.url(), /open=/)
    assert.equal(await page.locator('tr.gone').count(), 0)
  })

  await step('the keyboard does the same', async () => {
    await page.goto(app.url + '/problems')
    await row(page, cause).waitFor()
    await page.evaluate(() => document.activeElement?.blur())
    await page.keyboard.press('j')
    assert.ok((await page.evaluate(() => document.activeElement.innerText)).includes(cause))
    await page.keyboard.press('l')
    await page.locator(kids).first().waitFor()
    await page.keyboard.press('j')
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains('kid')))
    await page.keyboard.press('h')
    await page.locator(kids).first().waitFor({ state: 'detached' })
    assert.ok((await page.evaluate(() => document.activeElement.innerText)).includes(cause))
    await page.keyboard.press('v')
    await page.waitForURL(/group=host/)
    await page.locator('[data-groups] [aria-current]').filter({ hasText: 'Host' }).waitFor()
  })

  await step('a check that failed everywhere shows two rows, and all when asked', async () => {
    await page.goto(app.url + '/problems')
    const hits = page.locator('table[data-live] tr').filter({ hasText: 'slow everywhere' })
    await hits.first().waitFor()
    assert.equal(await hits.count(), 2)
    await page.locator('tr.grp').filter({ hasText: check }).locator('a.fold').click()
    await until('all of its rows', async () => await hits.count() === same.length)
  })

  await step('Ctrl A selects problems, not the headings of groups, and they can be acted on', async () => {
    const rows = page.locator('table[data-live] tbody > tr[id]:visible')
    await page.keyboard.press('Control+a')
    await until('every problem selected', async () => await rows.and(page.locator(':not(.grp)')).count() === await page.locator('tr[aria-selected=true]').count())
    assert.equal(await page.locator('tr.grp[aria-selected=true]').count(), 0)
    await page.keyboard.press('c')
    await page.locator('dialog#act[open] [name=comment]').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await until('none selected', async () => await page.locator('tr[aria-selected=true]').count() === 0)
    await page.locator('tr.grp:has([data-fold])').first().focus()
    await page.keyboard.press('x')
    assert.equal(await page.locator('tr[aria-selected=true]').count(), 0)
  })

  await step('rows load while one scrolls; folds and updates reach every part, and Previous leads before the first', async () => {
    const list = page.locator('table[data-live] tbody tr[id]')
    const ids = () => list.evaluateAll(rows => rows.map(r => r.id))
    const scroll = async n => until(n + ' parts', async () => {
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
      return await page.locator('[data-block="list"]').count() >= n && await page.locator('.pager a[rel=next]').count() === 0
    })
    await page.goto(app.url + '/problems?group=service&view=all&limit=1000')
    const whole = await ids()
    await page.goto(app.url + '/problems?group=service&view=all&limit=5')
    await scroll(3)
    const shown = async () => (await list.evaluateAll(rows => rows.filter(r => r.offsetParent !== null).map(r => r.id)))
    assert.deepEqual(await shown(), whole)
    assert.equal(new Set(await ids()).size, (await ids()).length, 'an id is there twice')
    assert.equal(await page.locator('.pager a[rel=prev]').count(), 0)
    const group = page.locator('tr.grp:not(.again)').filter({ hasText: check })
    await group.locator('a.fold').click()
    await until('its rows to fold in all parts', async () => !(await shown()).some(id => id.endsWith('|' + encodeURIComponent(check))))
    assert.match(page.url(), /closed=/)
    assert.doesNotMatch(page.url(), /after=|until=/)
    await group.locator('a.fold').click()
    await until('all rows again', async () => (await shown()).join() === whole.join())
    assert.doesNotMatch(page.url(), /closed=/)
    // An update in a part below.
    await page.mouse.move(600, 5)
    await page.evaluate(() => document.activeElement?.blur())
    const last = same[same.length - 1]
    await result(last.host_name, last.description, 1, 'slower than ever')
    await list.filter({ hasText: 'slower than ever' }).waitFor()
    assert.deepEqual(await shown(), whole)
    // The third page, as a link of the second has it.
    await page.goto(app.url + '/problems?group=none&view=all&limit=1000')
    const plain = await ids()
    let third = '/problems?group=none&view=all&limit=5'
    for (let i = 0; i < 2; i++) third = (await (await page.request.get(app.url + third)).text()).match(/rel="next" href="([^"]*)"/)[1].replaceAll('&amp;', '&')
    await page.goto(app.url + third)
    await scroll(2)
    assert.deepEqual(await ids(), plain.slice(10))
    await page.locator('.pager a[rel=prev]').click()
    await page.waitForURL(u => u.searchParams.has('before'))
    assert.deepEqual((await ids()).slice(0, 5), plain.slice(5, 10))
    await page.goto(app.url + '/problems')
  })

  await step('the other views: what is suppressed says because of what', async () => {
    await page.locator('.tabs a').filter({ hasText: 'Suppressed' }).click()
    await page.waitForURL(/view=suppressed/)
    await page.locator('tr.grp').filter({ hasText: `Behind ${cause}` }).waitFor()
    assert.ok((await page.locator('td.own').first().innerText()).includes(cause))
    await page.locator('.tabs a').filter({ hasText: 'Mine' }).click()
    await page.waitForURL(/view=mine/)
    await row(page, cause).waitFor() // admin is a contact of everything in these cores
  })

  await step('without script the links do it', async () => {
    const plain = await b.page({ javaScriptEnabled: false })
    await signIn(plain, app.url)
    await plain.goto(app.url + '/problems')
    await row(plain, cause).locator('a.fold').click()
    assert.ok(await plain.locator(kids).count() > 0)
    await row(plain, cause).locator('a.fold').click()
    assert.equal(await plain.locator(kids).count(), 0)
    await plain.context().close()
  })

  await step('on a phone it is cards, and a tap unfolds', async () => {
    const phone = await b.page({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    await signIn(phone, app.url)
    await phone.goto(app.url + '/problems')
    await row(phone, cause).locator('a.fold').tap()
    await phone.locator(kids).first().waitFor()
    assert.equal(await wide(phone), false)
    assert.deepEqual(await axe(phone), [])
    await phone.context().close()
  })

  assert.deepEqual(b.errors, [])
})
