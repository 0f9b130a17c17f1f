// Pictures of every page of a running demo, light and dark, wide and on a
// phone, to be looked at beside what they are meant to be; for each page also how far
// what was there has moved since it opened. Not a test.
//
//   node gallery.mjs FOLDER [NAME…]
//
// LOOKS=light1440,dark390 takes only some; URL names a demo that runs already.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { binary, freePort, signIn, until } from './lib.mjs'

const [out = '.', ...only] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
const looks = [['light', 1440, 900], ['dark', 1440, 900], ['light', 390, 844], ['dark', 390, 844]].filter(([theme, width]) => (process.env.LOOKS ?? theme + width).includes(theme + width))

// Each page with its address, or with what leads to it from another page.
const pages = [
  ['overview', '/overview'],
  ['problems', '/problems'],
  ['problems-host', '/problems?group=host&view=all'],
  ['problems-none', '/problems?group=none&soft=1'],
  ['hosts', '/hosts'],
  ['services', '/services'],
  ['services-query', '/services?q=state:crit+or+state:warn'],
  ['services-empty', '/services?q=nothing-like-this'],
  ['services-mistake', '/services?q=state:crti'],
  ['services-parameter', '/services?limit=5000'],
  ['host', ['/hosts?q=state:down', 'main th.who a']],
  ['host-up', ['/hosts?q=state:up', 'main th.who a']],
  ['service', ['/services?q=state:crit', 'main td.svcn a']],
  ['groups', '/groups'],
  ['groups-overview', '/groups?view=overview'],
  ['groups-grid', '/groups?view=grid'],
  ['groups-matrix', '/groups?view=matrix'],
  ['hostgroup', ['/groups', 'main a[href^="/hostgroup/"]']],
  ['downtimes', '/downtimes'],
  ['calendar', '/downtimes/calendar'],
  ['comments', '/comments'],
  ['processes', '/processes'],
  ['process', ['/processes', 'main th a[href^="/processes/"]']],
  ['outages', '/outages'],
  ['map', '/map'],
  ['map-tree', '/map?view=tree'],
  ['hygiene', '/hygiene'],
  ['contacts', '/config/contacts'],
  ['contact', ['/config/contacts', 'main th.who a']],
  ['commands', '/config/commands'],
  ['timeperiods', '/config/timeperiods'],
  ['orders', '/orders'],
  ['recurring', '/recurring'],
  ['recurring-new', '/recurring/new'],
  ['sites', '/sites'],
  ['site', ['/sites', 'main th.who a']],
  ['wizard', '/sites/new'],
  ['wizard-kind', '/sites/new?kind=icinga2&host=mon1'],
  ['views', '/views'],
  ['view-new', '/views/new?at=%2Fservices%3Fq%3Dstate%3Acrit'],
  ['columns', '/services/columns'],

  ['screens', '/screens'],
  ['people', '/people'],
  ['profile', '/profile'],
  ['audit', '/audit'],
  ['search', '/search?q=ldap'],
  ['language', '/search/language'],
  ['notfound', '/nope'],
  ['old', '/thruk/cgi-bin/status.cgi?q=('],
  ['old-unknown', '/thruk/cgi-bin/conf.cgi?sub=objects'],
  ['wall', '/problems?wall=1'],
  ['wall-list', '/hosts?wall=1'],
  ['wall-overview', '/overview?wall=1'],
  ['embed', '/problems?embed=1'],
]

// What opens on a page: how to get there.
const press = (key, what) => async page => { await page.keyboard.press(key); await page.locator(what).waitFor() }
const click = (button, what) => async page => { await page.locator(button).first().click(); await page.locator(what).first().waitFor() }
const first = ['/services?q=state:crit+is:unhandled', 'main td.svcn a']
const opened = {
  palette: ['/problems', async page => { await page.keyboard.press('Control+k'); await page.fill('#palette input', 'web'); await page.locator('#palette [role=option][data-href*="/host/"]').first().waitFor() }],
  keys: ['/problems', press('?', '#keysheet[open]')],
  beside: ['/services?q=state:crit', async page => { await page.keyboard.press('j'); await page.keyboard.press('Enter'); await page.locator('#side [data-block="peek"]').waitFor() }],
  acknowledge: [first, click('main [data-act=acknowledge]:not([data-quick])', 'dialog#act [name=comment]')],
  downtime: [first, click('main [data-act=downtime]', 'dialog#act [name=comment]')],
  comment: [first, click('main [data-act=comment]', 'dialog#act [name=comment]')],
  more: [first, click('main [data-act=more]', 'dialog#act [data-find-in]')],
  bulk: ['/services?q=state:crit+is:unhandled', async page => {
    const picking = page.locator('[data-picking]')
    if (await picking.isVisible()) await picking.click()
    await page.locator('.pick').first().click()
    await page.locator('.pick').nth(1).click()
    await page.locator('.bulk').waitFor()
  }],
  form: ['/services?q=state:crit+host:app*', click('.qform > summary', '.qform .qline')],
  usermenu: ['/problems', click('summary[aria-label^="User"], summary[aria-label^="Benutzer"]', 'details[open] .pop')],
  chooser: ['/problems', click('[data-chooser] > summary', '[data-chooser] .pop')],
  bell: ['/problems', click('[data-bell]', '#bell[open]')],
}

let url = process.env.URL, demo
if (!url) {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  demo = spawn(binary, ['demo', '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  createInterface({ input: demo.stderr }).on('line', () => {})
}
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  await until('the demo', async () => (await fetch(url + '/readyz')).ok, 120000)
  for (const [colorScheme, width, height] of looks) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: process.env.LOCALE || 'en-GB', hasTouch: width < 500, isMobile: width < 500 })
    // What moves without having been asked to.
    await context.addInitScript(() => {
      window.shifts = []
      new PerformanceObserver(list => {
        for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push(e.value.toFixed(4) + ' ' + e.sources.map(s => (s.node?.outerHTML ?? s.node?.textContent ?? '?').slice(0, 90) + ` ${Math.round(s.previousRect.x)},${Math.round(s.previousRect.y)} ${Math.round(s.previousRect.width)}x${Math.round(s.previousRect.height)} > ${Math.round(s.currentRect.x)},${Math.round(s.currentRect.y)} ${Math.round(s.currentRect.width)}x${Math.round(s.currentRect.height)}`).join(' | '))
      }).observe({ type: 'layout-shift', buffered: true })
    })
    const page = await context.newPage()
    await signIn(page, url, 'demo', 'demo')
    const take = async (name, path, more) => {
      if (only.length > 0 && !only.includes(name)) return
      if (Array.isArray(path)) {
        await page.goto(url + path[0])
        await page.goto(new URL(await page.locator(path[1]).first().getAttribute('href'), url).href)
      } else {
        await page.goto(url + path)
      }
      await page.evaluate(ms => new Promise(done => setTimeout(done, ms)), Number(process.env.WAIT || 300))
      await more?.(page)
      await page.screenshot({ path: join(out, `${name}-${colorScheme}-${width}.png`), fullPage: !more && !!process.env.FULL })
      for (const s of await page.evaluate(() => window.shifts)) console.log(`${name} ${colorScheme} ${width}: moved ${s}`)
    }
    for (const [name, path] of pages) await take(name, path)
    for (const [name, [path, more]] of Object.entries(opened)) if (width > 1000 || !['palette', 'keys', 'beside'].includes(name)) await take(name, path, more)
    await context.close()
  }
} finally {
  await browser.close()
  demo?.kill()
}
