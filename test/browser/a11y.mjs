// What the tests of accessibility share: a look at the page as it stands, in
// light and dark, wide and on a phone, and a walk through it by Tab.
import assert from 'node:assert/strict'
import { axe, browser, core, harness, serve, shot, signIn, until } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'

// After the dark look the light one differs in colours only.
const looks = [['dark', 1440, 900], ['light', 1440, 900], ['dark', 390, 844], ['light', 390, 844]]

/** How far the page scrolls sideways and because of what; '' if it does not. */
export const sideways = page => page.evaluate(() => {
  const over = document.documentElement.scrollWidth - innerWidth
  if (over <= 0) return ''
  const who = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .tabs, .sr, dialog:not([open]), details:not([open]) > :not(summary), .bar-nav'))
  return `scrolls sideways by ${over} px: ${who.slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join(' ')}`
})

/** Looks at the page as it stands, or what is in scope of it, in all looks. */
export async function examine(page, name, scope = 'html') {
  const bad = []
  for (const [colorScheme, width, height] of looks) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const v of await axe(page, { coloursOnly: colorScheme === 'light', scope })) bad.push(`${name} ${colorScheme} ${width}: ${v}`)
    const wide = colorScheme === 'dark' && await sideways(page)
    if (wide) bad.push(`${name} ${width}: ${wide}`)
    if (process.env.SHOTS || process.env.LOOK) await shot(page, `${name}-${colorScheme}-${width}`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
  return bad
}

/**
 * Goes through the page by Tab: which elements that can be worked are never
 * reached, and which have the focus without showing it.
 */
export async function tabThrough(page, name) {
  await page.evaluate(() => {
    document.activeElement?.blur()
    getSelection().removeAllRanges()
    scrollTo(0, 0)
    document.querySelector('details.dd[open] > summary')?.focus()
  })
  const want = await page.evaluate(() => {
    const seen = e => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0
    const first = e => {
      if (e.type !== 'radio') return true
      const group = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(e.name)}"]`)]
      return e === (group.find(r => r.checked) ?? group[0])
    }
    const scope = document.querySelector('dialog[open], details.dd[open] > :not(summary)') ?? document
    const list = [...scope.querySelectorAll('a[href], button:not([disabled]), input:not([disabled]):not([type=hidden]), select, textarea, summary')]
      .filter(e => e.tabIndex >= 0 && seen(e) && first(e) && !(e.closest('details:not([open])') && e.localName !== 'summary'))
    list.forEach((e, i) => { e.tabNumber = i })
    // The page notes by itself who gets the focus: one question less per key.
    const ring = x => { const s = getComputedStyle(x); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 || s.boxShadow !== 'none' }
    window.tabbed = []
    window.tabbing?.abort()
    window.tabbing = new AbortController()
    document.addEventListener('focusin', event => {
      let shown = false
      for (let x = event.target; x && x !== document.body && !shown; x = x.parentElement) shown = ring(x)
      window.tabbed.push({ n: event.target.tabNumber ?? -1, shown, html: event.target.outerHTML.slice(0, 120) })
    }, { signal: window.tabbing.signal })
    return list.length
  })
  // Rows that come while scrolling lengthen the way; what has left the page
  // meanwhile, as a pager that they replace, cannot be reached.
  let missed
  for (let round = 0; round < 3 && missed?.length !== 0; round++) {
    for (let left = want + 3; left > 0; left -= 25) await Promise.all(Array.from({ length: Math.min(left, 25) }, () => page.keyboard.press('Tab')))
    missed = await page.evaluate(() => {
      const reached = new Set(window.tabbed.map(x => x.n))
      return [...document.querySelectorAll('*')].filter(e => e.tabNumber !== undefined && !reached.has(e.tabNumber) && e.checkVisibility()).slice(0, 5).map(e => e.outerHTML.slice(0, 120))
    })
  }
  const seen = await page.evaluate(() => window.tabbed)
  const bad = seen.filter(x => !x.shown).map(x => `${name}: focus not to be seen: ${x.html}`)
  if (missed.length > 0) bad.push(`${name}: not reached by Tab: ${missed.join(' ')}`)
  if (seen.length < want / 2) bad.push(`${name}: only ${seen.length} of ${want} reached by Tab`)
  return bad
}


/**
 * Serves three sites, one of which has gone, with a host that others stand
 * behind down; resolves to the parts of that world.
 */
async function world(t) {
  const call = await harness(t)
  const app = await serve(t, [
    await core(call, 'Wien', { hosts: 12, services: 4, churn: -1 }),
    await core(call, 'Kraków', { hosts: 8, services: 4, churn: -1, profile: 'icinga2' }),
    await core(call, 'Lab', { hosts: 5, services: 4, churn: -1, profile: 'nagios4' }),
  ])
  const b = await browser(t)
  const page = await b.page()
  await signIn(page, app.url)
  await until('three live sites', async () => {
    await page.goto(app.url + '/sites')
    return await page.locator(rows).filter({ hasText: 'live' }).count() === 3
  }, 60000, 500)
  // A host that others stand behind is down, and a service of it critical.
  const hosts = await call('/core/Wien/rows', { table: 'hosts' })
  const services = await call('/core/Wien/rows', { table: 'services' })
  const parent = hosts.find(h => h.parents.length === 1).parents[0]
  const below = hosts.filter(h => h.parents.includes(parent)).map(h => h.name)
  const child = services.find(s => s.host_name === below[0])
  await call('/core/Wien/result', { host: parent, service: '', state: 1, output: 'the switch is gone' })
  for (const name of below) await call('/core/Wien/result', { host: name, service: '', state: 1, output: 'out of reach' })
  await call('/core/Wien/result', { host: child.host_name, service: child.description, state: 2, output: 'nobody answers' })
  const link = async (path, selector) => {
    let found
    await until(`${selector} on ${path}`, async () => {
      await page.goto(app.url + path)
      return found = await page.locator(selector).first().evaluate(a => new URL(a.href).pathname, undefined, { timeout: 5000 })
    }, 90000, 500)
    return found
  }
  const host = await link('/hosts?q=' + encodeURIComponent(`name="${parent}" state:down`), `${rows} th.who a`)
  const service = await link('/services?q=' + encodeURIComponent(`host="${child.host_name}" state:crit`), `${rows} td.svcn a`)
  const hostgroup = await link('/groups', 'main a[href^="/hostgroup/"]')
  const servicegroup = await link('/groups?kind=service', 'main a[href^="/servicegroup/"]')
  const process = await link('/processes', 'main th a[href^="/processes/"]')
  const contact = await link('/config/contacts', `${rows} th.who a`)
  const command = await link('/config/commands', `${rows} th.who a`)
  const site = host.split('/')[2]
  const around = `/map?site=${site}&host=${encodeURIComponent(parent)}`
  await call('/core/Lab/fault', { kind: 'refuse' })
  await until('a banner', async () => {
    await page.goto(app.url + '/problems')
    return await page.locator('[data-block="-banner"] .banner').count() > 0
  }, 60000, 500)
  return { b, page, app, host, service, hostgroup, servicegroup, process, contact, command, around }
}

/** German words are longer, and widen no page on a phone either. */
export const german = (t, b, app, paths) => t.test('in German', async () => {
  const phone = await b.page({ viewport: { width: 390, height: 844 }, locale: 'de-DE' })
  await signIn(phone, app.url)
  const bad = []
  for (const path of paths) {
    await phone.goto(app.url + path)
    const wide = await sideways(phone)
    if (wide) bad.push(`${path}: ${wide}`)
  }
  assert.equal(await phone.locator('html').getAttribute('lang'), 'de')
  await phone.context().close()
  assert.deepEqual(bad, [])
})

/**
 * Looks at pages of that world, each visited once: pages(world) names them as
 * [name, path, 'tab' if it is gone through by Tab].
 */
export async function everybody(t, pages) {
  const w = await world(t)
  const { b, page, app } = w
  const [[first]] = pages(w)
  for (const [name, path, tab] of pages(w)) {
    await t.test(name, async () => {
      await page.goto(app.url + path)
      // What is around the pages is the same on all: the first is looked at whole.
      const bad = await examine(page, name, name === first ? 'html' : 'main')
      if (tab) bad.push(...await tabThrough(page, name))
      assert.deepEqual(bad, [])
    })
  }
  await german(t, b, app, pages(w).map(([, path]) => path))
  assert.deepEqual(b.errors.filter(e => !/status of 400/.test(e)), [])
}
