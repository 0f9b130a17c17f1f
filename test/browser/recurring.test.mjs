// Rules for downtimes that come again, and the calendar: made with the keyboard
// and without scripts, seen in the core, changed, deleted; light, dark, on a
// phone, in German.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, harness, openWhen, serve, shot, signIn, steps, until } from './lib.mjs'

test('recurring downtimes', { timeout: 600000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const site = await core(call, 'Berlin', { hosts: 4, services: 3, quiet: 1 })
  const app = await serve(t, [site])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await openWhen(page, app.url + '/hosts')
  const host = (await call('/core/Berlin/rows', { table: 'hosts' }))[0].name
  const marked = async () => (await call('/core/Berlin/rows', { table: 'downtimes' }) ?? []).filter(d => /\[r[a-z2-7]{5}-\d{8}T\d{4}\]/.test(d.comment))
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  let rule = ''

  await step('a rule is made with the keyboard, and the form says what it will do', async () => {
    await page.goto(app.url + '/recurring')
    await page.locator('.empty a.btn').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(u => u.pathname === '/recurring/new')
    await page.locator('#f-name').waitFor()
    await page.keyboard.type('Patch night') // the first field has the focus
    await page.fill('#f-host', host)
    await page.fill('#f-text', 'patching <b>now</b>')
    await page.locator('[name=kind][value=weekly]').focus()
    await page.keyboard.press('ArrowLeft')
    assert.equal(await page.locator('[name=kind]:checked').inputValue(), 'daily')
    assert.equal(await page.locator('[name=days]').first().isVisible(), false)
    await until('the preview to follow', async () => /Every day at 22:00/.test(await page.textContent('[data-block=preview]')) && /1 host, 3 services/.test(await page.textContent('[data-block=preview]')))
    assert.equal(await page.locator('[data-block=preview] tbody tr').count(), 10)
    await page.fill('#f-lasts', 'long')
    await until('the preview to say what is wrong', async () => /no length of time/.test(await page.textContent('[data-block=preview]')))
    await page.fill('#f-lasts', '2h')
    assert.deepEqual(await axe(page), [])
    await page.locator('#f-lasts').press('Enter')
    await page.waitForURL(/\/recurring\/\d+$/)
    rule = page.url()
  })

  await step('its next occurrence is set in the core, once, and the page shows it', async () => {
    await until('four downtimes in the core', async () => (await marked()).length === 4)
    assert.ok((await marked()).every(d => d.comment.startsWith('patching <b>now</b> [r') && d.author === 'admin' && d.end_time - d.start_time === 7200))
    await until('the page to show them', async () => /4 set/.test(await page.textContent('[data-block=rule]')))
    await shot(page, 'recurring-rule')
    assert.deepEqual(await axe(page), [])
  })

  await step('a change replaces what is set', async () => {
    await page.goto(rule + '/edit')
    await page.fill('#f-lasts', '3h')
    await page.locator('label', { has: page.locator('[name=reach][value=hosts]') }).click()
    await page.locator('#f-lasts').press('Enter')
    await page.waitForURL(rule)
    await until('one longer downtime of the host', async () => {
      const list = await marked()
      return list.length === 1 && list[0].service_description === '' && list[0].end_time - list[0].start_time === 10800
    })
  })

  await step('without scripts: preview, a rule that matches nothing, the calendar', async () => {
    const plain = await b.page({ javaScriptEnabled: false, storageState: await page.context().storageState() })
    await plain.goto(app.url + '/recurring/new?host=no-such-host&name=Old+server&text=gone&kind=lastday')
    await plain.selectOption('select[name=site]', { label: 'Berlin' })
    await plain.click('.nojs')
    await plain.getByText('matches nothing').waitFor()
    await plain.click('form.rec button.pri')
    await plain.check('[name=anyway]')
    await plain.click('form.rec button.pri')
    await plain.waitForURL(/\/recurring\/\d+$/)
    await until('the warning', async () => { await plain.reload(); return /matches nothing/.test(await plain.textContent('.banner')) })
    await plain.goto(app.url + '/downtimes/calendar')
    assert.ok(await plain.getByText('Patch night').count() > 1)
    await plain.context().close()
    b.errors.splice(0, b.errors.length, ...b.errors.filter(e => !e.includes('422'))) // the browser reports what was refused
  })

  await step('a day with more than the month shows', async () => {
    const start = Math.floor(Date.now() / 86400000) * 86400 + 2 * 86400 + 43200 // at noon: no visit lasts into the next day
    for (let i = 0; i < 8; i++) await call('/core/Berlin/command', { line: `SCHEDULE_HOST_DOWNTIME;${host};${start};${start + 600};1;0;0;admin;visit ${i}` })
    await page.goto(app.url + '/downtimes/calendar?at=' + new Date(start * 1000).toISOString().slice(0, 10))
    await until('the link to the others', async () => { await page.reload(); return page.getByText(/^\d+ more$/).isVisible() })
    assert.deepEqual(await axe(page), [])
  })

  await step('list and calendar: light, dark, on a phone', async () => {
    for (const [name, path] of [['list', '/recurring'], ['calendar', '/downtimes/calendar'], ['week', '/downtimes/calendar?view=week'], ['form', new URL(rule).pathname + '/edit'], ['delete', new URL(rule).pathname + '/delete']]) {
      await page.goto(app.url + path)
      assert.deepEqual(await axe(page), [], name)
      await page.emulateMedia({ colorScheme: 'dark' })
      assert.deepEqual(await axe(page, { coloursOnly: true }), [], name + ' dark')
      await shot(page, `recurring-${name}-dark`)
      await page.emulateMedia({ colorScheme: 'light' })
      await shot(page, `recurring-${name}`)
      await page.setViewportSize({ width: 390, height: 844 })
      assert.ok(await wide() <= 0, `${name} is wider than a phone`)
      assert.deepEqual(await axe(page), [], name + ' on a phone')
      await shot(page, `recurring-${name}-phone`)
      await page.setViewportSize({ width: 1440, height: 900 })
    }
  })

  await step('the calendar is gone through with its links', async () => {
    await page.goto(app.url + '/downtimes/calendar')
    const month = await page.textContent('#cal-title')
    await page.click('[rel=next]')
    await page.waitForURL(/at=/)
    assert.notEqual(await page.textContent('#cal-title'), month)
    await page.getByRole('link', { name: 'Today' }).click()
    await page.locator('.cal .today h3 a').click()
    await page.waitForURL(/view=week/)
    await page.locator('.cal a', { hasText: 'Patch night' }).first().click()
    await page.waitForURL(rule)
  })

  await step('in German, also on a phone', async () => {
    const german = await b.page({ locale: 'de-DE', storageState: await page.context().storageState(), viewport: { width: 390, height: 844 } })
    for (const [path, word] of [['/recurring', 'Wiederkehrende Wartungszeiten'], [new URL(rule).pathname + '/edit', 'Täglich'], ['/downtimes/calendar', 'Kalender der Wartungszeiten'], [new URL(rule).pathname, 'Die nächsten zehn']]) {
      await german.goto(app.url + path)
      assert.ok(await german.getByText(word).count() > 0, `${path} says ${word}`)
      assert.ok(await german.evaluate(() => document.documentElement.scrollWidth - innerWidth) <= 0, `${path} is wider than a phone`)
    }
    await german.goto(rule)
    await shot(german, 'recurring-rule-phone-de')
    await german.goto(new URL(rule + '/edit').href)
    await shot(german, 'recurring-form-phone-de')
    await german.context().close()
  })

  await step('deleting the rule cancels what it has set', async () => {
    await page.goto(rule + '/delete')
    await page.locator('.choice label').first().click()
    await page.click('.panel button.bad')
    await page.waitForURL(u => u.pathname === '/recurring')
    assert.equal(await page.getByRole('link', { name: 'Patch night' }).count(), 0)
    await until('no downtime of a rule in the core', async () => (await marked()).length === 0)
    await page.goto(app.url + '/downtimes/calendar')
  })

  assert.deepEqual(b.errors, [])
})
