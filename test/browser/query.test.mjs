// The query bar by mouse, by keyboard and at phone width, on a demo.
import test from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, openWhen, signIn, start, steps, until } from './lib.mjs'

test('the query bar', { timeout: 600000 }, async t => {
  const app = await start(t, ['demo', '--sites', '3', '--hosts', '20'])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url, 'demo', 'demo')
  const step = steps(t)
  const field = page.locator('form[data-query] input[type=text]')
  const options = page.locator('#query-list:not([hidden]) [role=option]')
  const q = () => new URL(page.url()).searchParams.get('q')
  const chips = () => page.locator('li.tok').evaluateAll(l => l.map(c => c.querySelector('[data-chip]').dataset.chip))

  await step('by keyboard: fields, values with counts, apply', async () => {
    await openWhen(page, app.url + '/services')
    await page.keyboard.press('/')
    await options.first().waitFor()
    assert.equal(await field.getAttribute('aria-expanded'), 'true')
    await page.keyboard.type('sta')
    await until('the field state', async () => /^state:/.test(await options.first().innerText()))
    await page.keyboard.press('ArrowDown')
    assert.equal(await options.first().getAttribute('aria-selected'), 'true')
    assert.equal(await field.getAttribute('aria-activedescendant'), await options.first().getAttribute('id'))
    await page.keyboard.press('Enter')
    assert.equal(await field.inputValue(), 'state:')
    await until('the words of state', async () => (await options.allInnerTexts()).some(o => /^ok/.test(o)))
    const texts = await options.allInnerTexts()
    const n = Number(texts.find(o => /^ok/.test(o)).replace(/\D/g, ''))
    for (let i = texts.findIndex(o => /^ok/.test(o)); i >= 0; i--) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    assert.equal(await field.inputValue(), 'state:ok ')
    await page.keyboard.type('-is:passive')
    await page.keyboard.press('Enter')
    await page.waitForURL(u => u.searchParams.get('q') === 'state:ok -is:passive')
    assert.deepEqual(await chips(), ['state:ok', '-is:passive'])
    assert.ok(n > 0)
  })

  await step('chips: moved between, turned round, taken back into the text, removed', async () => {
    await field.focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('-')
    await page.waitForURL(u => u.searchParams.get('q') === 'state:ok is:passive')
    await field.focus()
    await page.keyboard.press('Backspace')
    assert.equal(await field.inputValue(), 'is:passive')
    assert.deepEqual(await chips(), ['state:ok'])
    await page.keyboard.press('Escape') // the list, if it is open already
    await until('what was there', async () => {
      await page.keyboard.press('Escape')
      return (await chips()).length === 2 && await field.inputValue() === ''
    })
    await page.locator('li.tok .tok-x').first().click()
    await page.waitForURL(u => u.searchParams.get('q') === 'is:passive')
  })

  await step('a wrong word is named, underlined, and the nearest offered', async () => {
    const answer = await page.goto(app.url + '/services?q=state:crti+web&sort=-state')
    assert.equal(answer.status(), 400)
    assert.equal(await page.locator('.qmirror mark').innerText(), 'crti')
    assert.match(await page.locator('#query-error').innerText(), /crti is no word for state/)
    assert.equal(await field.getAttribute('aria-invalid'), 'true')
    await page.locator('#query-error a').click()
    await page.waitForURL(u => u.searchParams.get('q') === 'state:crit web' && u.searchParams.get('sort') === '-state')
  })

  await step('the form writes the same text', async () => {
    await page.goto(app.url + '/hosts?q=state:up')
    await page.locator('.qform > summary').click()
    const lines = page.locator('.qform .qline')
    assert.equal(await lines.first().locator('[name=fv]').inputValue(), 'up')
    await lines.nth(1).locator('[name=ff]').selectOption('age')
    await lines.nth(1).locator('[name=fo]').selectOption('>')
    await lines.nth(1).locator('[name=fv]').fill('1s')
    await until('a further line', async () => await lines.count() === 4)
    await page.getByRole('button', { name: 'Apply the filter' }).click()
    await page.waitForURL(u => u.searchParams.get('q') === 'state:up age>1s')
  })

  await step('what is typed while the list is on its way belongs to the word that is taken', async () => {
    await page.goto(app.url + '/groups')
    await page.keyboard.press('/')
    await page.keyboard.type('is:')
    await options.filter({ hasText: 'problem' }).first().waitFor()
    await page.route('**/complete?*', () => {}) // the list stays that of "is:"
    await page.keyboard.type('pro')
    await options.filter({ hasText: 'problem' }).first().click()
    assert.equal((await page.locator('form[data-filter] input:not([type="hidden"])').first().inputValue()).trim(), 'is:problem')
    await page.unroute('**/complete?*')
  })

  await step('groups, outages and the map take the same filters', async () => {
    await page.goto(app.url + '/groups')
    await page.keyboard.press('/')
    await page.keyboard.type('is:pro')
    await until('a word of groups', async () => /^problem\s*\d+/.test(await options.first().innerText()))
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(u => u.pathname === '/groups' && u.searchParams.get('q') === 'is:problem')
    assert.ok(await page.locator('table[data-live] tbody tr').count() > 0)
    for (const path of ['/outages', '/map']) {
      await page.goto(app.url + path)
      await page.keyboard.press('/')
      await page.keyboard.type('state:do')
      await until('a state of hosts on ' + path, async () => /^down/.test(await options.first().innerText()))
      await page.keyboard.press('Escape')
      await page.keyboard.press('Enter')
      await page.waitForURL(u => u.pathname === path && u.searchParams.get('q') === 'state:do')
      assert.equal(await page.locator('.qmirror mark').innerText(), 'do')
    }
  })

  await step('axe is content with the open list, the form and the mistake', async () => {
    for (const path of ['/problems?q=site:*', '/services?q=state:crti']) {
      await page.goto(app.url + path)
      await page.keyboard.press('/')
      await options.first().waitFor()
      assert.deepEqual(await axe(page), [], path)
    }
    await page.goto(app.url + '/hosts?q=a+or+b')
    await page.locator('.qform > summary').click()
    assert.deepEqual(await axe(page), [])
    await page.goto(app.url + '/search/language')
    assert.deepEqual(await axe(page), [])
  })

  await step('without JavaScript', async () => {
    const plain = await (await b.page({ javaScriptEnabled: false })).context()
    const p = plain.pages()[0]
    await signIn(p, app.url, 'demo', 'demo')
    await p.goto(app.url + '/hosts?q=state:up')
    await p.locator('form[data-query] input[type=text]').fill('age>1s')
    await p.keyboard.press('Enter')
    await p.waitForURL(u => u.searchParams.get('q') === 'state:up age>1s')
    await p.locator('[data-chip]').first().click()
    assert.equal(await p.locator('form[data-query] input[type=text]').inputValue(), 'state:up')
    await plain.close()
  })

  await step('on a phone nothing is wider than the page', async () => {
    await page.setViewportSize({ width: 390, height: 800 })
    await page.goto(app.url + '/services?q=' + encodeURIComponent('state:crit,warn,unknown (host:app-* or host:db-*) -hostgroup:a-very-long-name-of-a-group-that-nobody-has'))
    await field.click()
    await options.first().waitFor()
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
    const list = await page.locator('#query-list').boundingBox()
    const bar = await page.locator('form[data-query]').boundingBox()
    assert.ok(list.y >= bar.y + bar.height, 'the list lies over the field')
  })
})
