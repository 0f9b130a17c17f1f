// WCAG 2.2 AA on every page around the status pages and on what opens, in
// light and dark, wide and on a phone; nothing scrolls sideways, and everything
// is reached by Tab with a focus to see.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, serve, setupCode, signIn, start, until, steps } from './lib.mjs'
import { examine, german, tabThrough } from './a11y.mjs'

const rows = 'table[data-live] tbody > tr[id]'

test('pages to work with are for everybody', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const b = await browser(t)
  const page = await b.page()
  const bad = []
  const look = async (name, tabs = true, scope = 'html') => {
    bad.push(...await examine(page, name, scope))
    if (tabs) bad.push(...await tabThrough(page, name))
  }

  await step('first start', async () => {
    const fresh = await start(t, ['serve'])
    await setupCode(fresh)
    await page.goto(fresh.url + '/setup')
    await look('setup')
    await page.fill('[name=code]', 'WRNG-CODE-2345')
    await page.fill('[name=password]', 'short')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.locator('[aria-invalid=true]').first().waitFor()
    await look('setup-refused', false)
    await fresh.stop()
    b.errors.length = 0 // the browser reports the refusal
  })

  const app = await serve(t, [
    await core(call, 'Wien', { hosts: 10, services: 4 }),
    await core(call, 'Kraków', { hosts: 8, services: 4, profile: 'icinga2' }),
    await core(call, 'Lab', { hosts: 5, services: 4, profile: 'nagios4' }),
  ], undefined, { more: 'embed_parents: [https://intranet.example.org]\n' })
  await page.goto(app.url + '/login')
  await look('login')
  await page.fill('[name=username]', 'admin')
  await page.fill('[name=password]', 'not this')
  await page.press('[name=password]', 'Enter')
  await page.getByRole('alert').waitFor()
  await look('login-refused', false)
  b.errors.length = 0
  await signIn(page, app.url)
  await until('three live sites', async () => {
    await page.goto(app.url + '/sites')
    return await page.locator(rows).filter({ hasText: 'live' }).count() === 3
  }, 60000, 500)

  const pages = [
    ['sites', '/sites', true],
    ['site', null, true],
    ['wizard', '/sites/new', true],
    ['wizard-kind', '/sites/new?kind=icinga2&host=mon1', true],
    ['people', '/people', true],
    ['person-new', '/people/new', false],
    ['person', null, false],
    ['profile', '/profile', true],
    ['audit', '/audit', true],
    ['screens', '/screens', true],
    ['wall', '/problems?wall=1', false],
    ['wall-list', '/hosts?wall=1', false],
    ['views-none', '/views', false],
    ['view-new', '/views/new?at=%2Fservices%3Fq%3Dstate%3Acrit', true],
    ['columns', '/services/columns', true],
    ['arrange', '/services/arrange', true],
    ['agent-new', '/agents/new', true],
    ['orders', '/orders', false],
    ['order-unknown', '/orders/999', false],
    ['calendar', '/downtimes/calendar', true],
    ['calendar-week', '/downtimes/calendar?view=week', false],
    ['recurring', '/recurring', false],
    ['recurring-new', '/recurring/new', true],
    ['embed', '/problems?embed=1', false],
    ['offline', '/offline', false],
    ['copy', '/hosts/copy?as=markdown&limit=5', false],
    ['search', '/search?q=ldap', true],
    ['search-empty', '/search', false],
    ['search-language', '/search/language', true],
    ['404', '/nope', false],
    ['old-list', '/thruk/cgi-bin/status.cgi?q=(', true],
    ['old-address', '/thruk/cgi-bin/conf.cgi?sub=objects', false],
  ]
  for (const [name, path, tabs] of pages) {
    await step(name, async () => {
      if (path) {
        await page.goto(app.url + path)
      } else {
        await page.goto(app.url + (name === 'site' ? '/sites' : '/people'))
        await Promise.all([page.waitForURL('**/edit'), page.locator('tbody th.who a').first().click()])
      }
      await look(name, tabs, name === 'sites' ? 'html' : 'main')
    })
  }

  await german(t, b, app, pages.map(([, path]) => path).filter(Boolean))

  await step('saved views, and what opens from them', async () => {
    await page.goto(app.url + '/views/new?at=%2Fservices%3Fq%3Dstate%3Acrit')
    await page.fill('#view-name', 'Critical ones')
    await page.getByRole('main').getByRole('button', { name: 'Save view' }).click()
    await page.waitForURL('**/services**')
    await page.goto(app.url + '/views')
    await look('views', true, 'main')
    await page.getByRole('button', { name: 'Delete Critical ones' }).click()
    await page.locator('dialog[open] .btn.bad').waitFor()
    await look('confirm', false, 'dialog[open]')
    await page.keyboard.press('Escape')
  })

  await step('wizard, test passed and failed', async () => {
    await page.goto(app.url + '/sites/new')
    await page.fill('#f-name', 'Closed')
    await page.fill('#f-addresses', 'tcp://127.0.0.1:1')
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.crit').waitFor({ timeout: 120000 })
    const toTop = () => page.evaluate(() => scrollTo(0, 0)) // no field lies half under the head
    await toTop()
    await look('wizard-failed', true, 'main')
    const other = await core(call, 'Graz', { hosts: 5, services: 2 })
    await page.fill('#f-addresses', other.address)
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.ok, #verdict .tag.warn').first().waitFor({ timeout: 120000 })
    await look('wizard-passed', true, 'main')
  })

  await step('what opens: palette, keys, menus, dialogs', async () => {
    await page.goto(app.url + '/problems?limit=12')
    await page.keyboard.press('Control+k')
    await page.fill('#palette input', 'web')
    await page.locator('#palette [role=option][data-href*="/host/"]').first().waitFor()
    await look('palette', false, '#palette')
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.locator('#keysheet[open]').waitFor()
    await look('keys', true, '#keysheet')
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    // What lies behind a menu was looked at on its own page; depending on which
    // rows are there just now, axe takes some of it for being in front.
    const behind = visibility => page.evaluate(v => { document.querySelector('main').style.visibility = v }, visibility)
    await page.keyboard.press('i')
    await behind('hidden')
    await look('chooser')
    await behind('')
    await page.keyboard.press('Escape')
    await page.locator('summary[aria-label^="User menu"]').click()
    await behind('hidden')
    await look('usermenu')
    await behind('')
    await page.keyboard.press('Escape')
    await page.goto(app.url + '/services?limit=8')
    await page.getByText('Columns', { exact: true }).click()
    await look('columns', true, 'main')
    await page.goto(app.url + '/services?q=host:db*')
    for (const [name, summary] of [['export', page.getByText('Export', { exact: true })], ['filterform', page.locator('.qform > summary')]]) {
      await summary.click()
      await behind('hidden')
      await page.locator('main details[open] > .pop').evaluate(el => { el.style.visibility = 'visible' })
      await look(name, false, 'main details[open]')
      await page.reload()
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(app.url + '/services?q=host:db*')
    await page.locator('a[data-sheet]').click()
    await page.locator('dialog#act[open] #arrange-sort').waitFor()
    await look('list', true, '#act')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(app.url + '/problems?limit=12')
    await page.locator('summary[aria-label="Sort by"]').click()
    await behind('hidden')
    await page.locator('main details[open] > .pop').evaluate(el => { el.style.visibility = 'visible' })
    await look('sort', false, 'main details[open]')
    await page.goto(app.url + '/problems?limit=12')
    await page.locator('[data-bell]').click()
    await page.locator('#bell[open]').waitFor()
    await look('bell', false, '#bell')
    await page.keyboard.press('Escape')
    await page.goto(app.url + '/services?limit=2')
    await page.locator('main th.who a, main td.svcn a').nth(1).click()
    await page.waitForURL('**/service/**')
    for (const [kind, key] of [['downtime', 'd'], ['comment', 'c'], ['more', '.']]) {
      await page.keyboard.press(key)
      await page.locator('dialog#act[open] h2').waitFor()
      await look('do-' + kind, false, '#act')
      await page.keyboard.press('Escape')
      await page.locator('dialog#act').waitFor({ state: 'hidden' })
    }
    await page.goto(app.url + '/hosts?q=db')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('#side [data-block="peek"]').waitFor()
    await look('beside', false, '#side')
  })

  const sad = b.errors.filter(e => !/404/.test(e))
  assert.deepEqual([...new Set(bad)], [])
  assert.deepEqual(sad, [])
})
