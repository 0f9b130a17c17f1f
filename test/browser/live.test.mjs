// Pages that stay true: one stream for all tabs, calm lists, sites and servers
// that come and go.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, mark, openWhen, row, serve, signIn, start, unloaded, until, watchman, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
const ids = page => page.locator(rows).evaluateAll(l => l.filter(r => !r.hidden && !r.classList.contains('gone')).map(r => r.id))
// away takes pointer and focus out of lists.
const away = async page => {
  await page.mouse.move(600, 5)
  await page.evaluate(() => document.activeElement?.blur())
}

test('live pages', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const sites = [await core(call, 'Wien', { quiet: 1, hosts: 6, services: 4, churn: -1 }), await core(call, 'Graz', { quiet: 1, hosts: 6, services: 4, churn: -1 })]
  let app = await serve(t, sites)
  const gate = await watchman(t, app)
  const b = await browser(t)
  const page = await b.page()
  const services = (await call('/core/Wien/rows', { table: 'services' })).map(s => [s.host_name, s.description])
  const set = (i, state, output) => call('/core/Wien/result', { host: services[i][0], service: services[i][1], state, output })
  await signIn(page, gate.url)
  await openWhen(page, gate.url + '/services')
  await set(0, 2, 'the first is broken')
  await set(1, 1, 'the second is slow')

  await step('ten tabs of one browser share one stream and all stay live', async () => {
    const tabs = [page]
    while (tabs.length < 10) tabs.push(await b.tab(page.context()))
    for (const p of tabs) {
      await p.goto(gate.url + '/problems')
      await mark(p)
    }
    await until('one stream', () => gate.streams === 1)
    await set(0, 2, 'seen in every tab')
    for (const p of tabs) await p.locator(rows).filter({ hasText: 'seen in every tab' }).waitFor({ timeout: 120000 })
    for (const p of tabs) assert.equal(await unloaded(p), false)
    assert.equal(gate.streams, 1)
    // A page that is left and one that comes may overlap for a moment.
    assert.ok(gate.most <= 2, `${gate.most} streams at once`)
    for (const p of tabs.slice(1)) await p.close()
    assert.equal(gate.streams, 1)
  })

  await step('a page never goes back behind what it showed at first', async () => {
    await page.goto(gate.url + '/services')
    const site = (await page.locator(rows).filter({ hasText: 'Wien' }).first().getAttribute('id')).split('|')[0]
    for (let i = 2; i < 10; i++) {
      // A browser of its own each time: its stream begins with the page, which
      // is newer than what streams were told last.
      const own = await b.page()
      await signIn(own, gate.url)
      await set(i, 2, 'broken just now')
      await openWhen(own, `${gate.url}/service/${site}/${services[i].map(encodeURIComponent).join('/')}`, 'main [data-act=acknowledge]')
      await own.evaluate(() => {
        window.wentBack = false
        new MutationObserver(() => { window.wentBack ||= !document.querySelector('main [data-act=acknowledge]') }).observe(document.querySelector('main'), { subtree: true, childList: true })
      })
      await set(i, 2, 'still broken')
      await own.locator('main').getByText('still broken').first().waitFor()
      assert.equal(await own.evaluate(() => window.wentBack), false, 'the problem was away for a moment')
      await set(i, 0, 'well again')
      await own.context().close()
    }
  })

  await step('a hidden tab fetches nothing, and is true when it is shown again', async () => {
    const other = await b.tab(page.context())
    await other.goto(gate.url + '/problems')
    await other.goto(gate.url + '/problems?sort=since')
    await page.goto(gate.url + '/problems')
    await other.evaluate(() => {
      window.fakeHidden = true
      Object.defineProperty(document, 'hidden', { get: () => window.fakeHidden, configurable: true })
      Object.defineProperty(document, 'visibilityState', { get: () => window.fakeHidden ? 'hidden' : 'visible', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    const asked = () => gate.seen.filter(r => r.path.includes('sort=since') && r.block !== '').length
    const before = asked()
    for (const n of [1, 2, 3]) {
      await set(0, 2, `change ${n} that nobody looks at`)
      await page.locator(rows).filter({ hasText: `change ${n} that nobody looks at` }).waitFor({ timeout: 120000 })
    }
    assert.ok(asked() - before <= 1, `${asked() - before} fetches while hidden`) // one may have been on its way
    assert.equal(await other.locator(rows).filter({ hasText: 'change 3' }).count(), 0)
    await other.evaluate(() => {
      window.fakeHidden = false
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await other.locator(rows).filter({ hasText: 'change 3 that nobody looks at' }).waitFor({ timeout: 120000 })
    await other.close()
  })

  await step('the order is frozen while the pointer is in the list', async () => {
    await page.goto(gate.url + '/problems?sort=since')
    await mark(page)
    await away(page)
    const first = row(page, ...services[0])
    await first.waitFor()
    const before = await ids(page)
    await first.hover()
    const node = await first.elementHandle()
    await set(2, 2, 'new while reading')
    await set(0, 2, 'changed while reading')
    await page.locator('.collected').filter({ hasText: '1 new' }).waitFor({ timeout: 120000 })
    await until('the value in place', async () => (await node.innerText()).includes('changed while reading'))
    assert.deepEqual(await ids(page), before)
    await page.keyboard.press('u')
    await row(page, ...services[2]).waitFor()
    assert.equal(await page.locator('.collected').count(), 0)
    assert.equal(await node.evaluate(n => n.isConnected), true)
    assert.equal(await unloaded(page), false)
  })

  await step('selection and focus survive updates', async () => {
    await page.goto(gate.url + '/problems')
    await away(page)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    const id = await page.evaluate(() => document.activeElement.id)
    assert.notEqual(id, '')
    await set(3, 2, 'one more')
    await set(0, 2, 'and a change')
    await page.locator('.collected').waitFor({ timeout: 120000 })
    await page.keyboard.press('u')
    await page.locator(rows).filter({ hasText: 'one more' }).waitFor()
    assert.equal(await page.evaluate(() => document.activeElement.id), id)
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-selected')), 'true')
    await page.keyboard.press('Escape')
    // What somebody types is not touched either.
    await page.keyboard.press('/')
    await page.keyboard.type('half a wo')
    await set(0, 2, 'a change while typing')
    await page.locator(rows).filter({ hasText: 'a change while typing' }).waitFor({ timeout: 120000 })
    await page.keyboard.type('rd')
    assert.equal(await page.inputValue('[name=q]'), 'half a word')
  })

  await step('a row has its buttons while the pointer or the focus is in it, through updates', async () => {
    await openWhen(page, gate.url + '/services')
    const [first, second] = [row(page, ...services[0]), row(page, ...services[1])]
    await first.hover()
    const button = await first.locator('[data-act=downtime]').elementHandle()
    await set(0, 2, 'changed below the pointer')
    await first.filter({ hasText: 'changed below the pointer' }).waitFor()
    assert.ok(await button.isVisible(), 'the button below the pointer is another one')
    await second.hover()
    await second.locator('[data-act=downtime]').waitFor()
    await first.locator('[data-act=downtime]').waitFor({ state: 'detached' })
    await away(page)
    // By keys, forth and back.
    const focused = () => page.evaluate(() => [document.activeElement.closest('tr')?.id, document.activeElement.getAttribute('data-act') ?? ''])
    const id = await first.getAttribute('id')
    await first.locator('td.svcn a').focus()
    await page.keyboard.press('Tab')
    assert.ok(await first.locator('[data-peek]').evaluate(el => el === document.activeElement))
    await page.evaluate(id => document.getElementById(id).nextElementSibling.querySelector('.pick').focus(), id)
    await page.keyboard.press('Shift+Tab')
    assert.deepEqual(await focused(), [id, 'more'])
    await page.keyboard.press('Shift+Tab')
    assert.deepEqual(await focused(), [id, 'comment'])
    await away(page)
  })

  await step('a solved problem goes, and the counters follow', async () => {
    await page.goto(gate.url + '/problems')
    await away(page)
    const title = await page.title()
    await set(3, 0, 'fine again')
    await row(page, ...services[3]).waitFor({ state: 'detached', timeout: 120000 })
    await until('the title to follow', async () => await page.title() !== title)
    const n = Number((await page.locator('[data-counter=problems]').first().innerText()).replace(/\D/g, ''))
    assert.equal(n, (await ids(page)).filter(id => id.includes('|')).length)
  })

  await step('the detail of a row opens beside the list, follows the keys and is in the address', async () => {
    await page.goto(gate.url + '/services?sort=host')
    await mark(page)
    await away(page)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    const second = await page.evaluate(() => document.activeElement.id)
    await page.keyboard.press('Enter')
    await page.locator('#peek-h').waitFor()
    const name = await page.locator('#peek-h').innerText()
    await page.keyboard.press('j')
    await until('the detail to follow', async () => await page.locator('#peek-h').innerText() !== name)
    await page.keyboard.press('k')
    await until('the detail to come back', async () => await page.locator('#peek-h').innerText() === name)
    assert.equal(await page.evaluate(() => document.activeElement.id), second)
    assert.equal(await unloaded(page), false)
    const [, host, service] = await page.evaluate(() => new URL(location.href).searchParams.get('beside').split('/').slice(1).map(decodeURIComponent).slice(1))
    for (const site of ['Wien', 'Graz']) await call(`/core/${site}/result`, { host, service, state: 1, output: 'seen in the detail' }).catch(() => {}) // one of them has it
    await page.locator('#side').getByText('seen in the detail').first().waitFor()
    // The address can be sent; sorting keeps it; on a narrow window it is a page.
    const address = page.url()
    await page.goto(address)
    await page.locator('#peek-h').filter({ hasText: name }).waitFor()
    await page.locator('table[data-live] thead a').first().click()
    await page.locator('#peek-h').filter({ hasText: name }).waitFor()
    await page.keyboard.press('Escape')
    await until('the detail closed', async () => await page.locator('#side').count() === 0)
    assert.equal(await page.evaluate(() => new URL(location.href).searchParams.has('beside')), false)
    await page.setViewportSize({ width: 390, height: 800 })
    await page.goto(address)
    await page.waitForURL(u => u.pathname.startsWith('/service/'))
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  await step('the selection survives sorting, and Escape ends it', async () => {
    await page.goto(gate.url + '/services')
    await page.locator(rows).first().waitFor()
    await away(page)
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('X')
    const chosen = () => page.locator(rows + '[aria-selected=true]').evaluateAll(l => l.map(r => r.id).sort())
    const before = await chosen()
    assert.equal(before.length, 3)
    await page.locator('table[data-live] thead a').first().click()
    await page.waitForURL(/sort=/)
    await until('the selection on the sorted page', async () => (await chosen()).length === 3)
    assert.deepEqual(await chosen(), before)
    await away(page)
    await page.keyboard.press('Control+a')
    await until('all shown selected', async () => (await chosen()).length === await page.locator(rows).count())
    await page.keyboard.press('Escape')
    await until('none selected', async () => (await chosen()).length === 0)
  })

  await step('the palette finds objects, pages and settings by keyboard', async () => {
    await page.goto(gate.url + '/services')
    await page.keyboard.press('Control+k')
    const options = page.locator('#palette [role=option]')
    await options.first().waitFor()
    await page.keyboard.type('s:' + services[0][1])
    await options.filter({ hasText: services[0][1] }).first().waitFor()
    assert.equal(await page.locator('#palette h3').filter({ hasText: 'Hosts' }).count(), 0)
    // Who types and presses Enter before the answer is there gets what was typed, not what is shown.
    const other = services.find(s => s[0] !== services[0][0])[0]
    await page.fill('#palette input', 'h:' + services[0][0])
    await options.filter({ hasText: services[0][0] }).first().waitFor()
    await page.evaluate(words => {
      const field = document.querySelector('#palette input')
      field.value = words
      field.dispatchEvent(new Event('input', { bubbles: true }))
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
    }, 'h:' + other)
    await page.waitForURL(u => u.pathname.startsWith('/host/') && u.pathname.endsWith('/' + encodeURIComponent(other)))
    await page.goto(gate.url + '/services')
    await page.keyboard.press('Control+k')
    await page.fill('#palette input', 's:' + services[0][1])
    await options.filter({ hasText: services[0][1] }).first().waitFor()
    await page.keyboard.press('Tab')
    await options.filter({ hasText: 'Downtime' }).first().waitFor()
    await page.keyboard.press('Enter') // the first of what can be done with it
    await page.locator('dialog#act[open] footer .pri').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog#act').waitFor({ state: 'hidden' })
    await page.keyboard.press('Control+k')
    await page.fill('#palette input', 'my prob')
    await options.filter({ hasText: 'My problems' }).first().waitFor()
    await page.fill('#palette input', 'dark')
    await options.filter({ hasText: 'Dark colours' }).first().waitFor()
    await until('the first option chosen', async () => (await options.first().innerText()).includes('Dark colours'))
    await page.keyboard.press('Enter')
    await until('dark', () => page.evaluate(() => document.documentElement.dataset.theme === 'dark'))
    assert.equal(await page.locator('#palette[open]').count(), 0)
    await page.keyboard.press('t')
    await until('light', () => page.evaluate(() => document.documentElement.dataset.theme === 'light'))
  })

  await step('a view rings for new problems when it was asked to, once for many', async () => {
    await page.context().grantPermissions(['notifications'])
    await page.goto(gate.url + '/problems')
    await page.locator('[data-bell]').click()
    await page.locator('#bell [name=notify]').check()
    await page.locator('#bell [name=from]').fill('00:00')
    await page.locator('#bell [name=to]').fill('00:00')
    await page.locator('#bell button.pri').click()
    await until('the bell on', async () => await page.locator('[data-bell]').getAttribute('aria-pressed') === 'true')
    await page.goto(gate.url + '/problems') // it is kept
    assert.equal(await page.locator('[data-bell]').getAttribute('aria-pressed'), 'true')
    await page.evaluate(() => {
      window.rung = []
      window.Notification = class { constructor(title, o) { window.rung.push(o.body) } close() {} }
      window.Notification.permission = 'granted'
    })
    await away(page)
    await set(4, 2, 'it rings')
    await until('one notification', async () => (await page.evaluate(() => window.rung)).length === 1)
    assert.match((await page.evaluate(() => window.rung))[0], /new problem/)
    await set(4, 0, 'fine')
  })

  await step('it is silent in the quiet hours, over midnight too, and a phone tells through its service worker', async () => {
    await page.goto(gate.url + '/problems')
    await page.locator('[data-bell]').click()
    await page.locator('#bell [name=from]').fill('22:00')
    await page.locator('#bell [name=to]').fill('07:00')
    await page.locator('#bell button.pri').click()
    await page.locator('#bell').waitFor({ state: 'hidden' })
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready
      localStorage.clear() // it rang a moment ago
      window.told = []
      document.addEventListener('problems', e => window.told.push(e.detail))
      window.Notification = class { constructor() { throw new TypeError('Illegal constructor') } }
      window.Notification.permission = 'granted'
      ServiceWorkerRegistration.prototype.showNotification = async (title, o) => { window.rung.push(o.body) }
      window.rung = []
      window.hour = '03:30'
      Date.prototype.toTimeString = () => window.hour + ':00 GMT+0000'
    })
    await away(page)
    const heard = async (i, hour) => {
      await page.evaluate(h => { window.hour = h; window.told.length = 0; window.rung.length = 0 }, hour)
      await set(i, 2, `it breaks at ${hour}`)
      await until('the problem to be told', () => page.evaluate(() => window.told.length > 0))
      return page.evaluate(() => window.rung.length)
    }
    assert.equal(await heard(5, '03:30'), 0)
    assert.equal(await heard(6, '22:00'), 0)
    await heard(7, '07:00')
    await until('it to ring', () => page.evaluate(() => window.rung.length === 1))
    for (const i of [5, 6, 7]) await set(i, 0, 'fine')
  })

  await step('the banner names a site that goes down, and leaves when it is back', async () => {
    await page.goto(gate.url + '/services')
    await mark(page)
    await away(page)
    assert.equal(await page.locator('[data-block="-banner"] .banner').count(), 0)
    // The button of the sites stays the same one under a hand that is on it.
    const button = page.locator('[data-chooser] > summary')
    await button.focus()
    const box = await button.boundingBox()
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await call('/core/Graz/fault', { kind: 'refuse' })
    const banner = page.locator('[data-block="-banner"] .banner')
    await banner.filter({ hasText: 'Graz' }).waitFor({ timeout: 120000 })
    await page.locator(rows + '.stale').first().waitFor({ timeout: 120000 })
    assert.equal(await page.locator(rows).count(), 48) // the last data is kept
    await page.locator('[data-chooser] .tag').filter({ hasText: '1 stale' }).waitFor({ timeout: 120000 })
    assert.ok(await button.evaluate(el => el === document.activeElement))
    await page.mouse.up()
    await page.locator('[data-chooser-form]').waitFor()
    await away(page)
    await page.keyboard.press('Escape')
    await page.locator('[data-chooser-form]').waitFor({ state: 'hidden' })
    await call('/core/Graz/fault', { kind: 'healthy' })
    await banner.waitFor({ state: 'detached', timeout: 90000 })
    await until('no row marked', async () => await page.locator(rows + '.stale').count() === 0, 120000)
    assert.equal(await unloaded(page), false)
  })

  await step('the browser has nothing to complain about', () => assert.deepEqual(b.errors, []))

  await step('the server is killed and comes back: the page goes on by itself', async () => {
    await page.goto(gate.url + '/problems')
    await mark(page)
    await away(page)
    const { data, port } = app
    // A phone beside it: its mark has no age while all is well.
    const phone = await b.tab(page.context())
    await phone.setViewportSize({ width: 390, height: 844 })
    await phone.goto(gate.url + '/services')
    const head = page => page.evaluate(() => [...document.querySelectorAll('.top > *')].map(el => Math.round(el.getBoundingClientRect().x)).join())
    const says = (page, what) => until('the mark to say ' + what, async () => what.test((await page.locator('[data-live-mark]').innerText()).replace(/\s+/g, ' ')))
    await says(page, /^live ?\d+ s/)
    await says(phone, /^live/)
    const before = [await head(page), await head(phone)]
    await app.stop('SIGKILL')
    for (const p of [page, phone]) {
      // It says so before the banner comes, and how old the picture is.
      await until('the mark to know', () => p.evaluate(() => document.querySelector('[data-live-word]').textContent !== 'live'))
      await says(p, /^offline ?\d+ s/)
      assert.match(await p.locator('[data-live-mark]').getAttribute('title'), /^No connection to Belvedere: you see the state of \d/)
    }
    assert.deepEqual([await head(page), await head(phone)], before, 'the head moved')
    await page.locator('#b-lost').filter({ hasText: 'Connection to Belvedere lost' }).waitFor({ timeout: 90000 })
    app = await start(t, app.args, { data, port })
    await page.locator('#b-lost').waitFor({ state: 'detached', timeout: 90000 })
    await says(page, /^live ?\d+ s/)
    await says(phone, /^live/)
    await phone.close()
    await set(0, 2, 'after the restart')
    await page.locator(rows).filter({ hasText: 'after the restart' }).waitFor({ timeout: 120000 })
    assert.equal(await unloaded(page), false)
    b.errors.length = 0 // refused connections, reported by the browser
  })
})
