// Everything to look at works without JavaScript, as plain pages: content,
// filter, sort, pages, groupings, folds, exports, the menu on a phone.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, serve, signIn, until } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'

test('without JavaScript', { timeout: 300000 }, async t => {
  const step = (name, fn) => t.test(name, fn) // none builds on another
  const call = await harness(t)
  const app = await serve(t, [
    await core(call, 'Wien', { hosts: 30, services: 6, churn: -1 }),
    await core(call, 'Graz', { hosts: 20, services: 6, churn: -1, profile: 'icinga2' }),
  ])
  const b = await browser(t)
  const page = await b.page({ javaScriptEnabled: false })
  await signIn(page, app.url)
  await until('both sites', async () => {
    await page.goto(app.url + '/sites')
    return await page.locator(rows).filter({ hasText: 'live' }).count() === 2
  }, 60000, 500)
  const open = async path => {
    const answer = await page.goto(app.url + path)
    assert.equal(answer.status(), 200, path)
  }
  const go = async locator => {
    await Promise.all([page.waitForEvent('framenavigated'), locator.click()])
    await page.waitForLoadState()
  }
  const address = name => new URL(page.url()).searchParams.get(name)
  const ids = () => page.locator(rows).evaluateAll(l => l.map(r => r.id))
  const texts = async selector => (await page.locator(selector).allInnerTexts()).map(s => s.trim())

  await step('every page of the menu has its content', async () => {
    await open('/overview')
    const paths = await page.locator('nav a[href^="/"]').evaluateAll(l => [...new Set(l.map(a => a.getAttribute('href')))])
    for (const want of ['/problems', '/hosts', '/services', '/groups', '/outages', '/map', '/processes', '/hygiene', '/downtimes', '/comments', '/config', '/sites', '/views', '/people', '/audit'])
      assert.ok(paths.includes(want), `${want} in the menu: ${paths}`)
    for (const path of paths) {
      await open(path)
      assert.ok((await page.locator('h1').first().innerText()).trim(), path)
      assert.ok((await page.locator('main').innerText()).length > 80, `${path} is empty`)
      assert.equal(await page.locator('main [hidden] ' + rows).count(), 0, path)
    }
  })

  await step('filter: by the bar, by the form, by taking away', async () => {
    await open('/services')
    const all = (await ids()).length
    await page.locator('form[data-query] input[type=text]').fill('state:ok host:a*')
    await Promise.all([page.waitForURL(u => u.searchParams.get('q') === 'state:ok host:a*'), page.keyboard.press('Enter')])
    assert.ok((await texts(`${rows} th.who a:first-child`)).every(h => h.startsWith('a')))
    assert.ok((await ids()).length <= all)
    await go(page.locator('li.tok .tok-x').last())
    assert.equal(address('q'), 'state:ok')
    await open('/hosts')
    await page.locator('.qform > summary').click()
    const line = page.locator('.qform .qline').first()
    await line.locator('[name=ff]').selectOption('site')
    await line.locator('[name=fv]').fill('Graz')
    await go(page.getByRole('button', { name: 'Apply the filter' }))
    assert.deepEqual([...new Set((await ids()).map(id => id.split('|')[0]))].length, 1)
    assert.equal(address('q'), 'site:Graz')
    assert.equal((await ids()).length, 20)
  })

  await step('sort and pages', async () => {
    await open('/hosts?limit=10')
    const first = await ids()
    assert.equal(first.length, 10)
    await go(page.locator('.pager a[rel=next]'))
    const second = await ids()
    assert.equal(second.filter(i => first.includes(i)).length, 0)
    await go(page.locator('.pager a[rel=prev]'))
    assert.deepEqual(await ids(), first)
    const names = () => texts(`${rows} th.who a:first-child`)
    await open('/hosts?limit=50')
    const up = await names()
    await go(page.locator('thead a').filter({ hasText: 'Host' }).first())
    assert.match(address('sort'), /name/)
    assert.deepEqual(await names(), up.slice().reverse())
  })

  await step('problems: views, groupings, folds', async () => {
    await openWhen(page, app.url + '/problems')
    await go(page.locator('.tabs a').filter({ hasText: 'All' }).first())
    assert.equal(address('view'), 'all')
    const group = page.locator('[data-groups] a').filter({ hasText: 'Host' }).first()
    const to = await group.getAttribute('href')
    await open(to)
    assert.equal(address('group'), 'host')
    const shown = await page.locator('table[data-live] tbody tr').count()
    await go(page.locator('table[data-live] a.fold').first())
    assert.notEqual(await page.locator('table[data-live] tbody tr').count(), shown)
  })

  await step('from a row to its page and on', async () => {
    await open('/services?limit=5')
    await go(page.locator(`${rows} td.svcn a`).first())
    assert.match(page.url(), /\/service\//)
    assert.ok((await page.locator('.head').innerText()).length > 10)
    await go(page.locator('main nav a, .crumbs a').last())
    await open('/services?limit=5')
    const first = page.locator(rows).first()
    await first.hover()
    await go(first.getByRole('link', { name: /^More actions/ }))
    assert.match(page.url(), /\/act\/more\?on=/)
    assert.ok(await page.locator('main form button').count() > 3)
  })

  await step('groups in all views, outages and the map by links', async () => {
    await open('/groups')
    await go(page.locator('main a[href^="/hostgroup/"]').first())
    assert.ok(await page.locator('main a[href^="/host/"]').count() > 0)
    for (const view of ['overview', 'grid', 'matrix']) {
      await open('/groups?view=' + view)
      assert.ok((await page.locator('main').innerText()).length > 200, view)
    }
    await open('/map?view=tree')
    assert.ok(await page.locator('main a[href^="/host/"], main a[href*="/map?"]').count() > 0)
  })

  await step('columns are kept, and exports are the list', async () => {
    await open('/hosts/columns')
    await page.locator('[name=c-alias]').check()
    await go(page.getByRole('button', { name: 'Keep for me' }))
    assert.ok((await texts('table[data-live] thead th')).some(h => /alias/i.test(h)))
    await open('/hosts?q=site:Graz')
    await page.locator('summary', { hasText: 'Export' }).click()
    for (const [name, begin, type] of [['CSV', 'State', 'text/csv'], ['Excel', 'PK', 'spreadsheetml'], ['JSON', '[', 'application/json']]) {
      const href = await page.getByRole('link', { name }).first().getAttribute('href')
      const answer = await page.request.get(app.url + href)
      assert.equal(answer.status(), 200, href)
      assert.ok(answer.headers()['content-type'].includes(type), `${href}: ${answer.headers()['content-type']}`)
      const body = (await answer.body()).toString('latin1')
      assert.ok(body.replace(/^\u00ef\u00bb\u00bf/, '').trimStart().startsWith(begin), `${href}: ${body.slice(0, 60)}`)
      if (name === 'CSV') assert.equal(body.trim().split('\n').length, 21)
    }
    await go(page.getByRole('link', { name: 'Markdown table' }))
    assert.match(await page.locator('textarea').inputValue(), /^\| State \|/)
  })

  await step('a view is saved, opened and deleted', async () => {
    await open('/services?q=state:ok')
    await go(page.getByRole('link', { name: 'Save view' }))
    await page.locator('#view-name').fill('Plain')
    await go(page.locator('main').getByRole('button', { name: 'Save view' }))
    assert.equal(address('q'), 'state:ok')
    await open('/views')
    await page.getByText('Plain', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Delete Plain' }).click()
    await page.waitForLoadState()
    await open('/views')
    assert.equal(await page.getByText('Plain', { exact: true }).count(), 0)
  })

  await step('a list is arranged on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open('/hosts?q=' + encodeURIComponent('site:"Wien"'))
    const forth = await ids()
    await go(page.locator('a[data-sheet]'))
    await page.locator('#arrange-sort').selectOption('name')
    await page.locator('.arrange label').filter({ hasText: 'Descending' }).click()
    await page.locator('[name=c-alias]').check()
    await go(page.getByRole('button', { name: 'Show' }))
    assert.equal(address('sort'), '-name')
    assert.equal(address('q'), 'site:"Wien"')
    assert.deepEqual(await ids(), forth.reverse())
    assert.ok(await page.locator(`${rows} [data-head="Alias"]:visible`).count() > 0, 'the chosen column is on the cards')
    assert.equal(await page.locator(`${rows} [data-head="Address"]:visible`).count() > 0, true)
    await go(page.locator('a[data-sheet]'))
    await page.locator('#arrange-site').selectOption({ label: 'Graz' })
    await go(page.getByRole('button', { name: 'Show' }))
    assert.ok((await ids()).length > 0 && !(await ids()).includes(forth[0]))
    await open('/problems')
    await page.locator('summary[aria-label="Sort by"]').click()
    await go(page.locator('details[open] .pop a').filter({ hasText: 'Since' }))
    assert.equal(address('sort'), 'since')
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  await step('search and menu on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open('/search?q=web&stay=1')
    assert.ok(await page.locator('main a[href^="/host/"]').count() > 0)
    await open('/problems')
    assert.ok(await page.locator('nav a[href="/hosts"]:visible, nav a[href="/overview"]:visible').count() > 0)
  })

  assert.deepEqual(b.errors, [])
})
