// A real Icinga 2 by keyboard alone, and on a phone: from the list of problems
// to what has a problem, and what is done about it is seen by the core.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, harness, openWhen, row, serve, shot, signIn, until } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'

test('a real Icinga 2, by keyboard and on a phone', { timeout: 600000 }, async t => {
  const call = await harness(t)
  let icinga
  try {
    icinga = await call('/icinga2')
  } catch (e) {
    if (/not installed/.test(e.message) && process.env.CI !== 'true') return t.skip('NOT TESTED AGAINST A REAL CORE: ' + e.message)
    throw e
  }
  const app = await serve(t, [{ name: 'Linz', address: 'unix://' + icinga.unix }])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/hosts')
  for (const [service, text] of [['svc 1', 'broken for the keyboard'], ['svc 2', 'broken for the phone']]) {
    await until(text, async () => {
      await call('/icinga2/result', { host: 'h02', service, state: 2, output: text })
      await page.goto(app.url + '/services?q=' + encodeURIComponent(`host:h02 service:"${service}" state:crit`))
      return await page.locator(rows).filter({ hasText: text }).count() === 1
    }, 120000, 2000)
  }
  const acknowledged = async (service, want) => {
    await until(`${service} to be ${want ? '' : 'not '}acknowledged at the core`, async () => {
      const csv = await (await page.request.get(app.url + '/services/export?format=csv&columns=acknowledged&q=' + encodeURIComponent(`host:h02 service:"${service}" is:acknowledged`))).text()
      return csv.trim().split('\n').length === (want ? 2 : 1)
    }, 120000, 500)
  }

  await t.test('by keyboard: find, look beside the list, open, acknowledge, take back', async () => {
    await page.goto(app.url + '/overview')
    await page.mouse.move(0, 0)
    await page.keyboard.press('g')
    await page.keyboard.press('p')
    await page.waitForURL('**/problems*')
    await page.keyboard.press('/')
    await page.keyboard.type('host:h02 keyboard')
    await page.keyboard.press('Enter')
    await page.waitForURL(u => /keyboard/.test(u.search))
    const line = row(page, 'h02', 'svc 1')
    await line.waitFor()
    await page.keyboard.press('Escape') // leaves the filter
    for (let i = 0; i < 5 && !await line.evaluate(el => el === document.activeElement); i++) await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('#peek-h').filter({ hasText: 'svc 1' }).waitFor()
    await page.locator('#side').getByText('broken for the keyboard').first().waitFor()
    assert.deepEqual(await axe(page, { scope: '#side' }), [])
    await page.keyboard.press('Enter')
    await page.waitForURL('**/service/**')
    await page.keyboard.press('a')
    await page.locator('dialog#act [name=comment]').waitFor()
    await page.keyboard.type('seen at the keyboard')
    await page.keyboard.press('Control+Enter')
    await acknowledged('svc 1', true)
    await page.locator('.note').filter({ hasText: 'seen at the keyboard' }).first().waitFor({ timeout: 120000 })
    await page.keyboard.press('z')
    await acknowledged('svc 1', false)
  })

  await t.test('on a phone: by taps alone, with the buttons below the thumb', async () => {
    const phone = await b.page({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    await signIn(phone, app.url)
    await openWhen(phone, app.url + '/overview', '.bar-nav a')
    const card = row(phone, 'h02', 'svc 2')
    await phone.locator('.bar-nav a[href="/problems"]').tap()
    await phone.waitForURL('**/problems*')
    // The same check may fail on many hosts, which is one group then.
    await phone.locator('[data-groups] a').filter({ hasText: 'None' }).tap()
    await phone.waitForURL(u => u.searchParams.get('group') === 'none')
    await card.waitFor()
    await card.locator('a[href*="/service/"]').first().tap()
    await phone.waitForURL('**/service/**')
    const button = phone.locator('.deeds [data-act=acknowledge]:not([data-quick])')
    const box = await button.boundingBox()
    assert.ok(box.y > 600 && box.height >= 44 && box.width >= 44, `the button is at ${JSON.stringify(box)}`)
    await shot(phone, 'icinga-phone')
    await button.tap()
    await phone.locator('dialog#act [name=comment]').fill('seen on the phone')
    await phone.locator('dialog#act footer .pri').tap()
    await acknowledged('svc 2', true)
    await phone.locator('.note').filter({ hasText: 'seen on the phone' }).first().waitFor({ timeout: 120000 })
    assert.deepEqual(await axe(phone), [])
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the phone')
    await phone.locator('.deeds [data-act=unacknowledge]').waitFor({ timeout: 60000 })
  })

  assert.deepEqual(b.errors, [])
})
