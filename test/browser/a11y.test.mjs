// WCAG 2.2 AA on every page, in light and dark, wide and on a phone; nothing
// scrolls sideways, and everything is reached by Tab with a focus to see.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, browser, core, harness, openWhen, serve, setupCode, shot, signIn, start, until, steps } from './lib.mjs'

const rows = 'table[data-live] tbody > tr[id]'
// After the dark look the light one differs in colours only.
const looks = [['dark', 1440, 900], ['light', 1440, 900], ['dark', 390, 844], ['light', 390, 844]]

/** Looks at the page as it stands, in all looks. */
async function examine(page, name) {
  const bad = []
  for (const [colorScheme, width, height] of looks) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const v of await axe(page, colorScheme === 'light')) bad.push(`${name} ${colorScheme} ${width}: ${v}`)
    if (width === 390) {
      const wide = await page.evaluate(() => ({
        over: document.documentElement.scrollWidth - innerWidth,
        who: [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .sr, dialog:not([open]), .bar-nav')).slice(0, 3).map(e => e.outerHTML.slice(0, 90)),
      }))
      if (wide.over > 0) bad.push(`${name} ${colorScheme}: scrolls sideways by ${wide.over} px: ${wide.who.join(' ')}`)
    }
    if (process.env.SHOTS || process.env.LOOK) await shot(page, `${name}-${colorScheme}-${width}`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
  return bad
}

/**
 * Goes through the page by Tab: which elements that can be worked are never
 * reached, and which have the focus without showing it.
 */
async function tabThrough(page, name) {
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
  for (let i = 0; i < want + 3; i++) await page.keyboard.press('Tab')
  const seen = await page.evaluate(() => window.tabbed)
  const reached = new Set(seen.map(x => x.n))
  const bad = seen.filter(x => !x.shown).map(x => `${name}: focus not to be seen: ${x.html}`)
  reached.delete(-1)
  if (reached.size < want) {
    const missed = await page.evaluate(done => [...document.querySelectorAll('*')].filter(e => e.tabNumber !== undefined && !done.includes(e.tabNumber)).slice(0, 5).map(e => e.outerHTML.slice(0, 120)), [...reached])
    bad.push(`${name}: not reached by Tab: ${missed.join(' ')}`)
  }
  return bad
}

test('every page is for everybody', { timeout: 900000 }, async t => {
  const step = steps(t)
  const call = await harness(t)
  const b = await browser(t)
  const page = await b.page()
  const bad = []
  const look = async (name, tabs = true) => {
    bad.push(...await examine(page, name))
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
    await core(call, 'Wien', { hosts: 30, services: 6 }),
    await core(call, 'Kraków', { hosts: 20, services: 6, profile: 'icinga2' }),
    await core(call, 'Lab', { hosts: 5, services: 4, profile: 'nagios4' }),
  ])
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

  await openWhen(page, app.url + '/services?state=critical')
  const service = await page.locator(`${rows} td.svcn a`).first().evaluate(a => new URL(a.href).pathname)
  await openWhen(page, app.url + '/hosts?state=down').catch(() => openWhen(page, app.url + '/hosts'))
  const host = await page.locator(`${rows} th.who a`).first().evaluate(a => new URL(a.href).pathname)
  await call('/core/Lab/fault', { kind: 'refuse' })
  await until('a banner', async () => {
    await page.goto(app.url + '/problems')
    return await page.locator('[data-block="-banner"] .banner').count() > 0
  }, 60000, 500)

  for (const [name, path, tabs] of [
    ['problems', '/problems?limit=12', true],
    ['problems-all-by-host', '/problems?view=all&group=host&limit=12', false],
    ['problems-by-pattern', '/problems?group=output&soft=1&limit=12', false],
    ['problems-mine', '/problems?view=mine&limit=12', false],
    ['problems-suppressed', '/problems?view=suppressed&limit=12', false],
    ['problems-nomatch', '/problems?q=nothing-like-this', false],
    ['hosts', '/hosts?q=db', true], // few enough for one page: more would be loaded while one tabs
    ['services', '/services?q=ldap', true],
    ['columns-page', '/hosts/columns', false],
    ['downtimes', '/downtimes?q=db', true],
    ['comments', '/comments?q=db', true],
    ['copy', '/hosts/copy?as=markdown&q=db', true],
    ['view-new', '/views/new?at=%2Fhosts%3Fq%3Ddb', true],
    ['views', '/views', true],
    ['old-address', '/thruk/cgi-bin/status.cgi?q=x', true],
    ['host', host, true],
    ['service', service, true],
    ['sites', '/sites', true],
    ['site', null, true],
    ['wizard', '/sites/new', true],
    ['people', '/people', true],
    ['person-new', '/people/new', false],
    ['person', null, false],
    ['profile', '/profile', true],
    ['audit', '/audit', true],
    ['search', '/search?q=ldap', true],
    ['search-empty', '/search', false],
    ['404', '/nope', false],
  ]) {
    await step(name, async () => {
      if (path) {
        await page.goto(app.url + path)
      } else {
        await page.goto(app.url + (name === 'site' ? '/sites' : '/people'))
        await Promise.all([page.waitForURL('**/edit'), page.locator('tbody th.who a').first().click()])
      }
      await look(name, tabs)
    })
  }

  await step('wizard, test passed and failed', async () => {
    await page.goto(app.url + '/sites/new')
    await page.fill('#f-name', 'Closed')
    await page.fill('#f-addresses', 'tcp://127.0.0.1:1')
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.crit').waitFor({ timeout: 120000 })
    await look('wizard-failed')
    const other = await core(call, 'Graz', { hosts: 5, services: 2 })
    await page.fill('#f-addresses', other.address)
    await page.getByRole('button', { name: 'Test the connection' }).click()
    await page.locator('#verdict .tag.ok, #verdict .tag.warn').first().waitFor({ timeout: 120000 })
    await look('wizard-passed')
  })

  await step('what opens: palette, keys, menus, dialogs', async () => {
    await page.goto(app.url + '/problems?limit=12')
    await page.keyboard.press('Control+k')
    await page.fill('#palette input', 'web')
    await page.locator('#palette [role=option]').nth(2).waitFor()
    await look('palette', false)
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.locator('#keysheet[open]').waitFor()
    await look('keys')
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('i')
    await look('chooser')
    await page.keyboard.press('Escape')
    await page.locator('summary[aria-label^="User menu"]').click()
    await look('usermenu')
    await page.keyboard.press('Escape')
    const fold = page.locator('[data-fold]').first()
    if (await fold.count()) {
      await fold.click()
      await look('problems-unfolded', false)
    }
    await page.goto(app.url + '/services?q=ldap')
    await page.getByText('Columns', { exact: true }).click()
    await look('columns')
  })

  const sad = b.errors.filter(e => !/404/.test(e))
  assert.deepEqual([...new Set(bad)], [])
  assert.deepEqual(sad, [])
})
