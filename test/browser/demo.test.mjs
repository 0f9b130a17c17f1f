// The demonstration, as a newcomer meets it: one command, an address and a
// login, several sites with live problems, everything by keyboard.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, mark, openWhen, signIn, start, unloaded, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'

test('the demo', { timeout: 900000 }, async t => {
  const step = steps(t)
  const app = await start(t, ['demo', '--sites', '4', '--hosts', '40', '--services', '6', '--churn', '5'])
  const b = await browser(t)
  const page = await b.page()

  await step('prints address and login', async () => {
    const text = await until('address and login', () => {
      const all = app.log.join('\n')
      return all.includes(app.url) && /demo/.test(all) && all
    })
    assert.match(text, /demo/)
  })

  await step('sign-in refuses a wrong password and lets the right one in', async () => {
    await page.goto(app.url + '/hosts?q=x')
    assert.equal(new URL(page.url()).pathname, '/login')
    await page.fill('[name=username]', 'demo')
    await page.fill('[name=password]', 'wrong')
    await page.press('[name=password]', 'Enter')
    await page.getByRole('alert').waitFor()
    b.errors.length = 0 // the browser reports the refusal
    await page.fill('[name=username]', 'demo')
    await page.fill('[name=password]', 'demo')
    await page.press('[name=password]', 'Enter')
    await page.waitForURL(u => u.pathname === '/hosts' && u.searchParams.get('q') === 'x') // where one wanted to go
  })

  await step('several sites show problems', async () => {
    await openWhen(page, app.url + '/problems')
    await until('problems of more than one site', async () => {
      await page.goto(app.url + '/problems')
      const names = await page.locator(`${rows} td.c-site`).allInnerTexts()
      return new Set(names.map(n => n.trim())).size > 1
    }, 60000, 500)
    assert.match(await page.title(), /^\(\d+\) Problems · Belvedere$/)
    await page.goto(app.url + '/sites')
    await until('four live sites', async () => await page.locator(rows).filter({ hasText: 'live' }).count() === 4, 120000)
  })

  await step('a change shows in the same row of the same document', async () => {
    await page.goto(app.url + '/services?limit=500')
    await mark(page)
    await page.evaluate(sel => {
      for (const r of document.querySelectorAll(sel)) { r.before = r.querySelector('.out').textContent }
    }, rows)
    await until('a row that changed in place', () => page.evaluate(sel =>
      [...document.querySelectorAll(sel)].some(r => r.before !== undefined && r.before !== r.querySelector('.out').textContent), rows), 120000)
    assert.equal(await unloaded(page), false)
  })

  await step('keys', async () => {
    await page.goto(app.url + '/services?limit=20')
    const at = () => page.evaluate(() => document.activeElement.closest('tr')?.id ?? '')
    const ids = await page.locator(rows).evaluateAll(l => l.map(r => r.id))
    await page.keyboard.press('j')
    assert.equal(await at(), ids[0])
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    const second = await at()
    assert.notEqual(second, ids[0])
    assert.notEqual(second, '')
    await page.keyboard.press('x')
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-selected')), 'true')
    await page.keyboard.press('Escape')
    assert.equal(await page.locator('tr[aria-selected=true]').count(), 0)
    await page.keyboard.press('/')
    assert.equal(await page.evaluate(() => document.activeElement.name), 'q')
    await page.keyboard.type('j?') // letters are text in a field
    assert.equal(await page.inputValue('[name=q]'), 'j?')
    await page.evaluate(() => document.activeElement.blur())

    await page.keyboard.press('j')
    const from = await page.evaluate(() => document.activeElement.id)
    assert.notEqual(from, '')
    await page.keyboard.press('?')
    await page.locator('#keysheet[open]').waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.id), 'keysheet-h') // it is read from its top
    await page.keyboard.press('Escape')
    await page.locator('#keysheet[open]').waitFor({ state: 'detached' })
    await until('the focus back on its row', () => page.evaluate(id => document.activeElement.id === id, from))

    await page.keyboard.press('g')
    await page.keyboard.press('h')
    await page.waitForURL('**/hosts')
    await page.locator(rows).first().waitFor()
    await page.keyboard.press('j')
    const name = await page.evaluate(() => document.activeElement.querySelector('th a').textContent.trim())
    await page.keyboard.press('Enter') // beside the list first
    await page.locator('#side').getByText(name, { exact: true }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/host/**')
    assert.equal((await page.locator('h1').innerText()).trim(), name)

    await page.keyboard.press('Control+k')
    await page.locator('#palette[open]').waitFor()
    await page.keyboard.type(name.slice(0, 6))
    await page.locator('#palette [role=option]').filter({ hasText: name }).first().waitFor()
    await page.keyboard.press('ArrowDown')
    await until('one option to be chosen', async () => await page.locator('#palette [role=option][aria-selected=true]').count() === 1) // a later answer draws them anew
    await page.keyboard.press('Escape')
    await page.locator('#palette[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('people')
    await page.locator('#palette [role=option]').filter({ hasText: 'People' }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/people')
  })

  await step('filter, sort, pages, columns', async () => {
    const ids = () => page.locator(rows).evaluateAll(l => l.map(r => r.id))
    // As without scripts, which would load more rows meanwhile.
    const plain = async (path, rel) => (await (await page.request.get(app.url + path)).text()).match(new RegExp(`rel="${rel}" href="([^"]*)"`))[1].replaceAll('&amp;', '&')
    const next = await plain('/services?limit=10', 'next')
    assert.match(next, /after=/)
    await page.goto(app.url + '/services?limit=10')
    await until('more rows than a page', async () => (await ids()).length >= 40)
    await until('still more rows while scrolling', async () => {
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
      return (await ids()).length >= 80
    })
    const all = await ids()
    assert.equal(new Set(all).size, all.length)
    await page.goto(app.url + next)
    assert.deepEqual((await ids()).slice(0, 10), all.slice(10, 20))
    await page.goto(app.url + await plain(next, 'prev'))
    assert.ok(!new URL(page.url()).searchParams.has('after'))
    assert.deepEqual((await ids()).slice(0, 10), all.slice(0, 10))

    await page.keyboard.press('/')
    await page.keyboard.type('memory')
    await page.keyboard.press('Enter')
    await page.waitForURL('**q=memory**')
    // The address changes first, then the rows.
    await until('rows of what was looked for, and no others', async () => {
      const texts = await page.locator(rows).allInnerTexts()
      return texts.length > 0 && texts.every(n => /memory/i.test(n))
    })

    const sorted = async () => page.locator(`${rows} th.who a:first-child`).allInnerTexts()
    await page.goto(app.url + '/hosts?limit=20')
    await page.locator('thead a').filter({ hasText: 'Host' }).first().click()
    await page.waitForURL('**sort=**')
    const down = await sorted()
    await page.locator('thead a').filter({ hasText: 'Host' }).first().click()
    await page.waitForLoadState()
    await until('the other order', async () => (await sorted())[0] !== down[0])
    // Rows that were loaded since have a head of their own.
    assert.equal(await page.locator('table:has(thead)').first().locator('[aria-sort]').count(), 1)

    await page.goto(app.url + '/hosts?limit=20')
    const heads = () => page.locator('table[data-live] thead th').allInnerTexts()
    assert.ok(!(await heads()).some(h => /alias/i.test(h)))
    await page.getByText('Columns', { exact: true }).click()
    await page.locator('[name=c-alias]').check()
    await page.getByRole('button', { name: 'Keep' }).click()
    await until('the new column', async () => (await heads()).some(h => /alias/i.test(h)))
    await page.reload()
    assert.ok((await heads()).some(h => /alias/i.test(h)))
    await page.getByText('Columns', { exact: true }).click()
    await page.getByRole('button', { name: 'Reset' }).click()
    await until('the usual columns', async () => !(await heads()).some(h => /alias/i.test(h)))
  })

  await step('columns in an order, a saved view, a copied list', async () => {
    await page.goto(app.url + '/hosts/columns')
    const order = () => page.locator('[data-order] > li').evaluateAll(l => l.map(r => r.querySelector('[name=column]').value))
    const was = await order()
    await page.locator('[data-order] > li').nth(2).locator('[data-move=up]').click()
    assert.deepEqual(await order(), [was[0], was[2], was[1], ...was.slice(3)])
    await page.locator('[data-order] > li').nth(1).locator('[data-move=up]').focus()
    await page.keyboard.press('Alt+ArrowDown')
    assert.deepEqual(await order(), was)
    await page.locator('[data-order] > li').nth(2).locator('[data-move=up]').click()
    await page.locator('[name=density][value=compact]').check()
    await page.getByRole('button', { name: 'Keep for me' }).click()
    await page.waitForURL('**/hosts')
    await page.locator('table.compact').waitFor()
    await page.goto(app.url + '/hosts?q=' + encodeURIComponent('state:up'))
    await page.getByRole('link', { name: 'Save view' }).click()
    await page.locator('#view-name').fill('Well')
    await page.locator('main').getByRole('button', { name: 'Save view' }).click()
    await page.waitForURL('**/hosts?q=**')
    assert.equal((await page.locator('.tabs [aria-current=page]').innerText()).trim(), 'Well')
    const number = page.locator('[data-block=pinned] a', { hasText: 'Well' }).locator('.n')
    assert.match(await number.innerText(), /^[0-9\s\u202f]+$/)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('summary', { hasText: 'Export' }).click()
    await page.getByRole('link', { name: 'Markdown table' }).click()
    await page.locator('.toast', { hasText: 'Copied' }).waitFor()
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^\| State \|/)
    await page.goto(app.url + '/views')
    await page.getByRole('button', { name: 'Delete Well' }).click()
    await page.locator('dialog[open] button.bad').click()
    await page.locator('.empty').waitFor()
  })

  await step('the choice of sites narrows lists and counts, and is kept', async () => {
    await page.goto(app.url + '/hosts?limit=1000')
    const total = async () => Number((await page.locator('[data-counter=hosts]').first().innerText()).replace(/\D/g, ''))
    const all = await total()
    assert.equal(await page.locator(rows).count(), all)
    await page.keyboard.press('i')
    const boxes = page.locator('[data-chooser-form] input[name=site]')
    assert.equal(await boxes.count(), 4)
    const wanted = await boxes.nth(1).evaluate(x => x.parentElement.querySelector('bdi').textContent)
    const key = await boxes.nth(1).inputValue()
    for (const i of [0, 2, 3]) await boxes.nth(i).uncheck()
    await page.getByRole('button', { name: 'Show these' }).click()
    await page.waitForLoadState()
    await until('one site of four', async () => /1 of 4 sites/.test(await page.locator('[data-chooser] summary').innerText()))
    assert.deepEqual(await page.locator(rows).evaluateAll(l => [...new Set(l.map(r => r.id.split('|')[0]))]), [key])
    assert.equal(await page.locator(`${rows} td.c-site`).count(), 0, 'one site needs no column')
    assert.equal(await total(), await page.locator(rows).count())
    assert.ok(await total() < all)
    await page.goto(app.url + '/problems')
    const shown = (await page.locator(`${rows} td.c-site`).allInnerTexts()).map(s => s.trim())
    assert.ok(shown.every(s => s === wanted), shown.join())
    // Another browser of the same person has it too.
    const other = await b.page()
    await signIn(other, app.url, 'demo', 'demo')
    assert.match(await other.locator('[data-chooser] summary').innerText(), /1 of 4 sites/)
    await other.context().close()
    await page.keyboard.press('i')
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await page.getByRole('button', { name: 'Show these' }).click()
    await until('all sites', async () => /^4 sites/.test((await page.locator('[data-chooser] summary').innerText()).trim()))
  })

  await step('sign out', async () => {
    await page.locator('summary[aria-label^="User menu"]').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/login**')
    await page.goto(app.url + '/hosts')
    assert.equal(new URL(page.url()).pathname, '/login')
    assert.equal(app.code, null)
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))
})
