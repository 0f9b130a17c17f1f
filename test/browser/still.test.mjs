// Nothing moves by itself: after a page has arrived, neither its scripts nor
// the first live update shift what one is about to click.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, serve, signIn, slowly, until } from './lib.mjs'

test('pages lie still', { timeout: 300000 }, async t => {
  const call = await harness(t)
  const app = await serve(t, [
    await core(call, 'Wien', { hosts: 12, services: 4, churn: -1 }),
    await core(call, 'Kraków', { hosts: 8, services: 4, churn: -1, profile: 'icinga2' }),
  ])
  const b = await browser(t)
  const wide = await b.page()
  await signIn(wide, app.url)
  const link = async (path, selector) => {
    let found
    await until(`${selector} on ${path}`, async () => {
      await wide.goto(app.url + path)
      return found = await wide.locator(selector).first().evaluate(a => new URL(a.href).pathname, undefined, { timeout: 5000 })
    }, 90000, 500)
    return found
  }
  const pages = [
    '/overview', '/problems', '/problems?group=none&soft=1', '/hosts', '/services', '/services?q=state:crit',
    await link('/hosts', 'main th.who a'), await link('/services?q=state:crit', 'main td.svcn a'),
    '/groups', '/groups?view=overview', '/groups?view=grid', '/groups?view=matrix', await link('/groups', 'main a[href^="/hostgroup/"]'),
    '/downtimes', '/downtimes/calendar', '/comments', '/processes', await link('/processes', 'main th a[href^="/processes/"]'), '/outages', '/map', '/map?view=tree',
    '/hygiene', '/config/contacts', '/orders', '/recurring', '/sites', '/views', '/screens', '/people', '/profile', '/audit', '/search/language', '/services/columns', '/services/arrange',
    '/problems?wall=1', '/hosts?wall=1',
  ]
  const phone = await b.page({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  await signIn(phone, app.url)
  for (const [name, page] of [['wide', wide], ['phone', phone]]) {
    await page.context().addInitScript(() => {
      window.shifts = []
      const where = r => `${Math.round(r.x)},${Math.round(r.y)} ${Math.round(r.width)}x${Math.round(r.height)}`
      new PerformanceObserver(list => {
        for (const e of list.getEntries()) window.shifts.push({ at: e.startTime, text: e.sources.map(s => `${(s.node?.outerHTML ?? s.node?.textContent ?? '').slice(0, 80)} from ${where(s.previousRect)} to ${where(s.currentRect)}`).join('; '), moved: e.sources.some(s => s.previousRect.x !== s.currentRect.x || s.previousRect.y !== s.currentRect.y) })
      }).observe({ type: 'layout-shift', buffered: true })
    })
    for (const path of pages) {
      await t.test(`${name} ${path}`, async () => {
        // What comes in pieces is laid out in pieces, now here, now there; what
        // scripts and updates move they move each time.
        let moved
        for (let load = 0; load < 3 && moved?.length !== 0; load++) {
          await page.goto(app.url + path)
          // The mark of the live data has an age once the stream has said something.
          await until('live data', () => page.evaluate(() => /\d/.test(document.querySelector('[data-live-age]')?.textContent ?? '')), 60000)
          await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
          const parsed = await page.evaluate(() => performance.getEntriesByType('navigation')[0].domInteractive)
          moved = (await page.evaluate(() => window.shifts)).filter(s => s.moved && s.at >= parsed).map(s => s.text)
        }
        assert.deepEqual(moved, [])
      })
    }
  }
  // What is laid out from its end (buttons, heads of tables) does not move while
  // a page arrives bit by bit.
  const slow = await slowly(app.url)
  t.after(slow.stop)
  for (const [name, options] of [['wide', {}], ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]]) {
    const page = await b.page(options)
    await signIn(page, slow.url)
    await page.context().addInitScript(() => {
      window.moved = []
      new PerformanceObserver(list => {
        for (const e of list.getEntries()) for (const s of e.sources) {
          const at = s.node?.nodeType === Node.ELEMENT_NODE ? s.node : s.node?.parentElement
          if (at?.closest('.top, .nav, .ph, thead') && (s.previousRect.x !== s.currentRect.x || s.previousRect.y !== s.currentRect.y)) window.moved.push(at.outerHTML.slice(0, 100))
        }
      }).observe({ type: 'layout-shift', buffered: true })
    })
    for (const path of ['/hosts', '/services', '/problems', '/groups', '/downtimes', '/sites', '/audit', '/config/contacts']) {
      await t.test(`${name} ${path}, arriving slowly`, async () => {
        await page.goto(slow.url + path)
        await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
        assert.deepEqual(await page.evaluate(() => window.moved), [])
        assert.equal(await page.evaluate(() => [...document.querySelectorAll('.top, .ph, thead')].filter(e => getComputedStyle(e).visibility === 'hidden').length), 0, 'what was held back shows')
      })
    }
    await page.context().close()
  }
  assert.deepEqual(b.errors, [])
})
