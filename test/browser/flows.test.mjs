// Every flow of the interface by mouse, by keyboard and on a phone, each on a
// simulated core and on a real Icinga 2. The table below is the whole of it;
// what a hand or a width does not have is left out of it by name.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { browser, core, harness, openWhen, password, row, serve, until } from './lib.mjs'

const list = 'table[data-live] tbody > tr[id]'
const enc = encodeURIComponent

// How each hand works a link or button, and how it ticks a box.
const hands = {
  mouse: { options: {}, use: l => l.click(), tick: l => l.click() },
  keyboard: {
    options: {},
    use: async l => { await l.waitFor(); await l.focus(); await l.press('Enter') }, // what is hidden takes no focus
    tick: async l => { await l.focus(); await l.press('Space') },
  },
  phone: { options: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, use: l => l.tap(), tick: l => l.tap() },
}

// A flow gets what it needs of w: the page, the address, the hand, and of the
// object that this hand breaks its name, filter and address.
const flows = {
  async 'sign in'({ page, url, name, hand }) {
    await page.goto(url + '/login')
    await page.fill('[name=username]', name)
    await page.fill('[name=password]', password)
    await hand.use(page.locator('main form button, form .btn.pri').first())
    await page.waitForURL(u => u.pathname !== '/login')
  },

  async 'problems: tab, grouping, and the row'({ page, url, name, hand, o }) {
    await openWhen(page, url + '/problems')
    await hand.use(page.locator('.tabs a').filter({ hasText: 'All' }).first())
    await page.waitForURL(u => u.searchParams.get('view') === 'all')
    if (name === 'keyboard') await page.keyboard.press('v')
    else await hand.use(page.locator('[data-groups] a').filter({ hasText: 'Host' }).first())
    await page.waitForURL(u => u.searchParams.get('group') === 'host')
    await page.goto(`${url}/problems?view=all&group=none&q=${enc(o.filter)}`)
    await row(page, o.host, o.service).waitFor()
  },

  async 'the query bar completes'({ page, url, name, hand, o }) {
    await page.goto(url + '/services?q=' + enc(`site:"${o.site}"`))
    const field = page.locator('form[data-query] input[type=text]')
    if (name === 'keyboard') await page.keyboard.press('/')
    else await hand.use(field)
    const options = page.locator('#query-list:not([hidden]) [role=option]')
    await field.pressSequentially('sta')
    await options.filter({ hasText: /^state:/ }).first().waitFor()
    if (name === 'keyboard') {
      await until('the field of states', async () => /^state:/.test(await options.first().innerText()))
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
    } else {
      await hand.use(options.filter({ hasText: /^state:/ }).first())
    }
    await until('its word', async () => await field.inputValue() === 'state:')
    await field.pressSequentially(`crit host="${o.host}"`)
    await page.keyboard.press('Enter')
    await page.waitForURL(u => u.searchParams.get('q').includes(`state:crit host="${o.host}"`))
    await row(page, o.host, o.service).waitFor()
  },

  // On a phone there is no room beside a list: the row leads to its page.
  async 'what a row is about opens beside the list'({ page, url, name, hand, o }) {
    await page.goto(`${url}/services?q=${enc(o.filter)}`)
    const r = row(page, o.host, o.service)
    if (name === 'phone') {
      await hand.use(r.locator('a[href*="/service/"]').first())
    } else {
      if (name === 'mouse') {
        await r.hover()
        await hand.use(r.locator('[data-peek]'))
      } else {
        await page.keyboard.press('j')
        await page.keyboard.press('Enter')
      }
      await page.locator('#peek-h').filter({ hasText: o.service }).waitFor()
      await hand.use(page.locator('#side a').filter({ hasText: 'Open page' }))
    }
    await page.waitForURL(u => u.pathname === o.path)
  },

  async 'acknowledge, and remove the acknowledgement'(w) {
    await act(w, 'acknowledge', 'a', 'I have it')
    await w.page.locator('.note').filter({ hasText: `I have it, by ${w.name}` }).first().waitFor()
    await until('the core to have it', async () => await rows(w, 'services', 'is:acknowledged') === 1)
    await act(w, 'unacknowledge', 'a')
    await until('the core to have it no more', async () => await rows(w, 'services', 'is:acknowledged') === 0)
    await w.page.locator('main [data-act=acknowledge]').first().waitFor()
  },

  async 'comment, and delete the comment'(w) {
    await act(w, 'comment', 'c', 'A remark')
    const note = w.page.locator('.note').filter({ hasText: `A remark, by ${w.name}` })
    await note.first().waitFor()
    await entry(w, note.filter({ has: w.page.locator('[data-act=delete-comment]') }), 'delete-comment')
  },

  async 'a downtime, and its end'(w) {
    await act(w, 'downtime', 'd', 'A repair')
    const note = w.page.locator('.note').filter({ hasText: `A repair, by ${w.name}` }).filter({ has: w.page.locator('[data-act=cancel-downtime]') })
    await note.first().waitFor()
    await until('the core to have it', async () => await rows(w, 'downtimes', '') === 1)
    await entry(w, note, 'cancel-downtime')
    await until('the core to have it no more', async () => await rows(w, 'downtimes', '') === 0)
  },

  async 'recheck'(w) {
    const { page, url, o } = w
    await page.goto(url + o.path)
    const checked = async () => (await page.locator('#h-chk').locator('xpath=../..').locator('dd time, dd').first().innerText())
    await page.locator('main [data-act=recheck]').first().waitFor()
    assert.ok(await checked())
    await act(w, 'recheck', 'r')
    await page.locator('.toast.order').filter({ hasText: /Recheck/ }).filter({ hasText: /Confirmed|was done|Rechecked/ }).first().waitFor()
  },

  async 'the palette leads there'({ page, url, name, hand, o }) {
    await page.goto(url + '/hosts')
    if (name === 'keyboard') await page.keyboard.press('Control+k')
    else await hand.use(page.locator('.search[data-open-palette]'))
    await page.locator('#palette input').pressSequentially('h:' + o.host)
    const hit = page.locator(`#palette [role=option][data-href$="/${enc(o.host)}"]`).first()
    await hit.waitFor()
    if (name === 'keyboard') {
      await until('it to be chosen', async () => await hit.getAttribute('aria-selected') === 'true' || await page.keyboard.press('ArrowDown'))
      await page.keyboard.press('Enter')
    } else {
      await hand.use(hit)
    }
    await page.waitForURL(u => u.pathname.startsWith('/host/') && u.pathname.endsWith('/' + enc(o.host)))
  },

  async 'the palette acts on what it finds'({ page, url, name, hand, o }) {
    await page.goto(url + '/hosts')
    if (name === 'keyboard') await page.keyboard.press('Control+k')
    else await hand.use(page.locator('.search[data-open-palette]'))
    await page.locator('#palette input').pressSequentially('s:' + o.service)
    const hit = page.locator(`#palette [role=option][data-href$="${o.path}"]`).first()
    await hit.waitFor()
    const comment = page.locator('#palette [role=option]').filter({ hasText: /^Comment/ })
    if (name === 'keyboard') {
      await until('it to be chosen', async () => await hit.getAttribute('aria-selected') === 'true' || await page.keyboard.press('ArrowDown'))
      await page.keyboard.press('Tab')
      await hit.waitFor({ state: 'detached' }) // what can be done with it stands in place of the hits
      await until('Comment to be chosen', async () => await comment.getAttribute('aria-selected') === 'true' || await page.keyboard.press('ArrowDown'))
      await page.keyboard.press('Enter')
    } else {
      await hand.use(comment.first())
    }
    const dialog = page.locator('dialog#act[open]')
    await dialog.locator('[name=comment]').waitFor()
    assert.match(await dialog.locator('h2').innerText(), /comment/i)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  },

  async 'a selection gets one comment'({ page, url, name, hand, o }) {
    await page.goto(`${url}/services?sort=service&q=${enc(`host="${o.host}" site:"${o.site}"`)}`)
    const boxes = page.locator(`${list} .pick`)
    await boxes.first().waitFor({ state: 'attached' })
    if (name === 'phone') await hand.use(page.locator('[data-picking]'))
    for (const i of [0, 1]) await hand.tick(boxes.nth(i))
    await page.locator('.bulk').filter({ hasText: '2 selected' }).waitFor()
    await hand.use(page.locator('.bulk [data-act=comment]'))
    await page.locator('dialog#act [name=comment]').fill(`Both, by ${name}`)
    await hand.use(page.locator('dialog#act footer .pri'))
    await until('both comments at the core', async () => {
      const csv = await (await page.request.get(`${url}/comments/export?format=csv&q=${enc(`host="${o.host}" site:"${o.site}"`)}`)).text()
      return csv.split(`Both, by ${name}`).length === 3
    })
  },

  async 'a view is saved, opened and deleted'({ page, url, name, hand, o }) {
    await page.goto(`${url}/problems?view=all&q=${enc(o.filter)}`)
    await hand.use(page.locator('.tabs a').filter({ hasText: 'Save view' }))
    await page.fill('#view-name', `Of ${o.site} by ${name}`)
    await hand.use(page.getByRole('main').getByRole('button', { name: 'Save view' }))
    await page.waitForURL(u => u.pathname === '/problems' && u.searchParams.get('q') === o.filter)
    await page.goto(url + '/views')
    await hand.use(page.getByRole('main').getByRole('link', { name: `Of ${o.site} by ${name}`, exact: true }))
    await row(page, o.host, o.service).waitFor()
    await page.goto(url + '/views')
    await hand.use(page.getByRole('button', { name: `Delete Of ${o.site} by ${name}` }))
    await hand.use(page.locator('dialog[open] footer button').first())
    await page.getByRole('main').getByRole('link', { name: `Of ${o.site} by ${name}`, exact: true }).waitFor({ state: 'detached' })
  },

  async 'the form says what the query bar says'({ page, url, hand, o }) {
    await page.goto(`${url}/services?q=${enc(`host="${o.host}" site:"${o.site}"`)}`)
    await hand.use(page.locator('.qform > summary'))
    const line = page.locator('.qform .qline').filter({ has: page.locator('[name=fv]') }).nth(2)
    await line.locator('[name=ff]').selectOption('state')
    await line.locator('[name=fv]').fill('crit')
    await hand.use(page.locator('.qform').getByRole('button', { name: 'Apply the filter' }))
    await page.waitForURL(u => /state:crit/.test(u.searchParams.get('q')))
    await row(page, o.host, o.service).waitFor()
    await hand.use(page.getByRole('link', { name: 'Remove the filter state:crit' }))
    await page.waitForURL(u => !/state:crit/.test(u.searchParams.get('q')))
    await until('the services that are well too', async () => await page.locator(list).count() > 1)
  },

  async 'one site is chosen, and all again'({ page, url, name, hand, o }) {
    await page.goto(url + '/hosts')
    const open = () => name === 'keyboard' ? page.keyboard.press('i') : hand.use(page.locator('[data-chooser] > summary'))
    const chooser = page.locator('[data-chooser-form]')
    await open()
    for (const other of await chooser.locator('li:has([name=site])').filter({ hasNotText: o.site }).locator('[name=site]').all()) await hand.tick(other)
    await hand.use(chooser.getByRole('button', { name: 'Show these' }))
    const words = async () => (await page.locator('[data-chooser] > summary').innerText()).trim()
    await until('one site', async () => /^1 of/.test(await words()))
    await page.locator(list).first().waitFor()
    assert.deepEqual(await page.locator(`${list} th.who a`).evaluateAll(links => [...new Set(links.map(l => l.pathname.split('/')[2]))]), [o.path.split('/')[2]])
    await open()
    await hand.use(chooser.getByRole('button', { name: 'All', exact: true }))
    await hand.use(chooser.getByRole('button', { name: 'Show these' }))
    await until('all sites', async () => /^[0-9]+ sites?/.test(await words()))
  },

  async 'live updates pause and go on'({ page, url, name, hand }) {
    await page.goto(url + '/problems?view=all')
    if (name === 'keyboard') {
      await page.keyboard.press('p')
    } else {
      await hand.use(page.locator('.search[data-open-palette]'))
      await page.locator('#palette input').pressSequentially('pause')
      await hand.use(page.locator('#palette [role=option]').filter({ hasText: 'Pause live updates' }))
    }
    const paused = page.locator('.banner').filter({ hasText: 'Paused.' })
    await paused.waitFor()
    await hand.use(paused.getByRole('button'))
    await paused.waitFor({ state: 'detached' })
  },

  async 'new problems of a view are told'({ page, url, hand }) {
    await page.goto(url + '/problems?view=all')
    for (const wanted of [true, false]) {
      await hand.use(page.locator('button[data-bell]'))
      const box = page.locator('#bell [name=sound]')
      if (await box.isChecked() !== wanted) await hand.tick(box)
      await hand.use(page.locator('#bell footer .pri'))
      await page.locator('#bell').waitFor({ state: 'hidden' })
      await until('it to be kept', async () => await page.locator('button[data-bell]').getAttribute('aria-pressed') === String(wanted))
    }
  },

  async 'a core, and what it switched off'({ page, url, hand, o }) {
    await page.goto(url + '/processes')
    await hand.use(page.locator('main th.who a').filter({ hasText: o.site }))
    await page.locator('main h1').filter({ hasText: o.site }).waitFor()
    await hand.use(page.locator('.ph a').filter({ hasText: /services?$/ }))
    await page.waitForURL('**/services?**')
    await page.locator(list).first().waitFor()
  },

  async 'from hygiene to what nobody looks at'({ page, url, hand }) {
    await page.goto(url + '/hygiene')
    await hand.use(page.locator('main td a.lk').first())
    await page.waitForURL(u => ['/hosts', '/services', '/downtimes'].includes(u.pathname))
    await page.locator(list).first().waitFor()
  },

  async 'the configuration: a command, and what uses it'({ page, url, hand, o }) {
    await page.goto(`${url}/config/contacts?q=${enc(`site:"${o.site}"`)}`)
    await hand.use(page.locator('.tabs a').filter({ hasText: 'Commands' }))
    await page.waitForURL(u => u.pathname === '/config/commands')
    await hand.use(page.locator('main th.who a').first())
    await page.locator('main .crumb').filter({ hasText: 'Commands' }).waitFor()
    await page.locator('main h2').filter({ hasText: 'Used by' }).waitFor()
  },

  async 'a link for a screen is made, seen by a stranger, and revoked'({ page, url, name, hand, o }) {
    const title = `Screen of ${o.site} by ${name}`
    await page.goto(`${url}/views/new?at=${enc(`/problems?view=all&q=${o.filter}`)}`)
    await page.fill('#view-name', title)
    await hand.use(page.getByRole('main').getByRole('button', { name: 'Save view' }))
    await page.waitForURL(u => u.pathname === '/problems')
    await page.goto(url + '/screens')
    await hand.tick(page.locator('label').filter({ hasText: title }).locator('[name=view]'))
    await page.fill('#screen-name', title)
    await hand.use(page.getByRole('button', { name: 'Make a link' }))
    const link = await page.locator('main input[readonly]').inputValue()
    const stranger = await page.context().browser().newContext({ viewport: page.viewportSize() })
    try {
      const screen = await stranger.newPage()
      await screen.goto(link)
      await screen.locator('.worst li').filter({ hasText: o.host }).first().waitFor()
      await screen.goto(url + o.path)
      assert.equal(new URL(screen.url()).pathname, '/login')
      await hand.use(page.getByRole('button', { name: `Revoke ${title}` }))
      await hand.use(page.locator('dialog[open] footer button').first())
      await page.getByRole('button', { name: `Revoke ${title}` }).waitFor({ state: 'detached' })
      await screen.goto(link)
      assert.equal(await screen.locator('.worst').count(), 0)
    } finally {
      await stranger.close()
    }
    await page.goto(url + '/views')
    await hand.use(page.getByRole('button', { name: `Delete ${title}` }))
    await hand.use(page.locator('dialog[open] footer button').first())
    await page.getByRole('button', { name: `Delete ${title}` }).waitFor({ state: 'detached' })
  },

  async 'from a mistake in the address, and from an address of Thruk, to the list'({ page, url, hand, o }) {
    await page.goto(`${url}/services?limit=0&q=${enc(o.filter)}`)
    await hand.use(page.getByRole('link', { name: 'Go on without limit' }))
    await row(page, o.host, o.service).waitFor()
    for (const old of ['', '#']) { // Thruk's frame has its page behind a #
      await page.goto(`${url}/thruk/${old}cgi-bin/status.cgi?host=${enc(o.host)}`)
      await page.waitForURL(u => u.pathname === '/services')
      await row(page, o.host, o.service).waitFor()
    }
  },

  async 'a list is saved as a view, and opened'({ page, url, name, hand, o }) {
    await page.goto(`${url}/services?q=${enc(o.filter)}`)
    if (name === 'phone') {
      await sheet(page, hand)
      await hand.use(page.locator('#act').getByRole('button', { name: 'Save view' }))
    } else {
      await hand.use(page.getByRole('main').getByRole('link', { name: 'Save view' }))
    }
    await page.fill('#view-name', `Services of ${o.site} by ${name}`)
    await hand.use(page.getByRole('main').getByRole('button', { name: 'Save view' }))
    await page.waitForURL(u => u.pathname === '/services' && u.searchParams.get('q') === o.filter)
    await page.goto(url + '/services')
    await hand.use(page.locator('.tabs a').filter({ hasText: `Services of ${o.site} by ${name}` }))
    await row(page, o.host, o.service).waitFor()
  },

  async 'a list is sorted, forth and back'({ page, url, name, hand, o }) {
    const hosts = () => page.locator(`${list} th.who a`).evaluateAll(l => l.map(a => a.textContent))
    await page.goto(`${url}/hosts?q=${enc(`site:"${o.site}"`)}`)
    await page.locator(`${list} th.who a`).first().waitFor()
    const forth = await hosts()
    assert.ok(forth.length > 1)
    if (name === 'phone') {
      await sheet(page, hand)
      await page.locator('#arrange-sort').selectOption('name')
      await hand.use(page.locator('#act label').filter({ hasText: 'Descending' }))
      await hand.use(page.locator('#act').getByRole('button', { name: 'Show' }))
    } else {
      await hand.use(page.locator('thead a').filter({ hasText: 'Host' }).first())
    }
    await page.waitForURL(u => u.searchParams.get('sort') === '-name')
    await page.locator(`${list} th.who a`).first().waitFor()
    assert.deepEqual(await hosts(), forth.reverse())
  },

  async 'an export has what the list has'({ page, url, name, hand, o }) {
    await page.goto(`${url}/services?q=${enc(o.filter)}`)
    if (name === 'phone') await sheet(page, hand)
    else await hand.use(page.locator('summary').filter({ hasText: 'Export' }))
    const [file] = await Promise.all([page.waitForEvent('download'), hand.use(page.getByRole('link', { name: 'CSV' }).first())])
    const lines = []
    for await (const part of await file.createReadStream()) lines.push(part.toString())
    assert.equal(lines.join('').trim().split('\n').filter(l => l.includes(o.service)).length, 1)
  },

  async 'columns are chosen and reset'({ page, url, name, hand, o }) {
    await page.goto(`${url}/services?q=${enc(o.filter)}`)
    if (name === 'phone') await sheet(page, hand)
    else await hand.use(page.locator('summary').filter({ hasText: 'Columns' }))
    const box = page.locator('[name=c-check_command]:visible').first()
    await hand.tick(box)
    await hand.use(page.getByRole('button', { name: /^Keep( for me)?$/ }).first())
    await page.locator('thead th').filter({ hasText: 'Check command' }).first().waitFor({ state: 'attached' })
    if (name === 'phone') await row(page, o.host, o.service).locator('[data-head="Check command"]').waitFor() // a field of the card
    await page.goto(`${url}/services/columns?q=${enc(o.filter)}`)
    await hand.use(page.getByRole('button', { name: 'Reset mine' }))
    await page.waitForURL(u => u.pathname === '/services')
    await until('the usual columns', async () => {
      await page.goto(`${url}/services?q=${enc(o.filter)}`)
      return await page.locator('thead th').filter({ hasText: 'Check command' }).count() === 0
    })
  },

  async 'groups in every view, and one of them'({ page, url, hand, o }) {
    await page.goto(`${url}/groups?q=${enc(`site:"${o.site}"`)}`)
    for (const view of ['Overview', 'Grid', 'Matrix', 'Summary']) {
      await hand.use(page.locator('.ph .seg a').filter({ hasText: view }))
      await page.locator('.ph .seg [aria-current]').filter({ hasText: view }).waitFor()
    }
    await hand.use(page.locator('main a[href^="/hostgroup/"]').first())
    await page.waitForURL('**/hostgroup/**')
    await page.locator('main a[href^="/host/"]').first().waitFor()
  },

  async 'the map: a host, its tree, and its page'({ page, url, hand, o }) {
    await page.goto(`${url}/map?q=${enc(`host="${o.host}" site:"${o.site}"`)}`)
    await hand.use(page.locator(`${list} th.who a`).first())
    await page.waitForURL(u => u.pathname === '/map' && u.searchParams.get('host') === o.host)
    await hand.use(page.locator('.ph .seg a').filter({ hasText: 'Tree' }))
    await page.waitForURL(u => u.searchParams.get('view') === 'tree')
    await page.locator('main .tree a').filter({ hasText: o.host }).first().waitFor()
    await hand.use(page.locator('.ph a[href^="/host/"]'))
    await page.waitForURL(u => u.pathname.endsWith('/' + enc(o.host)))
  },

  async 'the wall, and back'({ page, url, name, hand, o }) {
    const at = `/problems?view=all&q=${enc(`site:"${o.site}"`)}`
    await page.goto(url + at)
    if (name === 'keyboard') {
      await page.keyboard.press('w')
    } else {
      await hand.use(page.locator('summary[aria-label^="User menu"]'))
      await hand.use(page.locator('[data-on-wall]'))
    }
    await page.waitForURL(u => u.searchParams.get('wall') === '1')
    await page.locator('.counts').waitFor()
    if (name === 'keyboard') await page.keyboard.press('w')
    else await hand.use(page.locator('.leave'))
    await page.waitForURL(u => !u.searchParams.has('wall') && u.pathname === '/problems')
    await page.locator('.tabs').waitFor()
  },

  async 'preferences are kept'({ page, url, hand }) {
    for (const theme of ['Dark', 'Light']) {
      await page.goto(url + '/profile')
      const label = page.locator('.choice label').filter({ hasText: theme })
      await hand.tick(hand === hands.keyboard ? label.locator('input') : label)
      await hand.use(page.locator('main form').filter({ has: page.locator('.choice') }).getByRole('button', { name: 'Save' }))
      await until(theme, async () => await page.evaluate(() => document.documentElement.dataset.theme) === theme.toLowerCase())
    }
  },

  async 'sign out'({ page, hand }) {
    await hand.use(page.locator('summary[aria-label^="User menu"]'))
    await hand.use(page.getByRole('button', { name: 'Sign out' }))
    await page.waitForURL('**/login*')
  },
}

// sheet opens what a phone has instead of the menus above a list.
async function sheet(page, hand) {
  await page.locator(list).first().waitFor()
  await hand.use(page.locator('a[data-sheet]'))
  await page.locator('dialog#act[open] #arrange-sort').waitFor()
}

// act does what a button of an object's page does, or its key; comment is what
// is written into the form that opens, if one does.
async function act({ page, url, name, hand, o }, kind, key, comment) {
  if (new URL(page.url()).pathname !== o.path) await page.goto(url + o.path)
  const button = page.locator(`main [data-act=${kind}]:not(.quick)`).first()
  await button.waitFor()
  if (name === 'keyboard') {
    await page.evaluate(() => document.activeElement?.blur())
    await page.keyboard.press(key)
  } else {
    await hand.use(button)
  }
  if (kind === 'recheck') return
  const dialog = page.locator('dialog#act')
  if (comment) await dialog.locator('[name=comment]').fill(`${comment}, by ${name}`)
  else await dialog.locator('footer .pri').waitFor()
  if (name === 'keyboard') await page.keyboard.press('Control+Enter')
  else await hand.use(dialog.locator('footer .pri'))
  await dialog.waitFor({ state: 'hidden' })
}

// entry does something about a comment or downtime, by the button beside it.
async function entry({ page, hand }, note, kind) {
  await hand.use(note.first().locator(`[data-act=${kind}]`))
  await hand.use(page.locator('dialog#act[open] footer :is(.pri, button)').first())
  await note.first().waitFor({ state: 'detached' })
}

// rows counts what a list has about the object.
async function rows({ page, url, o }, table, more) {
  const csv = await (await page.request.get(`${url}/${table}/export?format=csv&q=${enc(`${o.exact} ${more}`)}`)).text()
  return csv.trim().split('\n').length - 1
}

test('every flow by every hand', { timeout: 900000 }, async t => {
  const call = await harness(t)
  const sim = await core(call, 'Wien', { quiet: 1, hosts: 6, services: 4, churn: -1 })
  const services = await call('/core/Wien/rows', { table: 'services' })
  const sites = [sim]
  // A service of its own for each hand, critical for as long as the test runs.
  const broken = { Wien: services.filter((s, i) => services.findIndex(x => x.host_name === s.host_name) === i).slice(0, 3).map(s => [s.host_name, s.description]) }
  try {
    sites.push({ name: 'Linz', address: 'unix://' + (await call('/icinga2')).unix })
    broken.Linz = [['h02', 'svc 7'], ['h10', 'svc 8'], ['h12', 'svc 6']]
  } catch (e) {
    if (!/not installed/.test(e.message) || process.env.CI === 'true') throw e
    t.diagnostic('NOT TESTED AGAINST A REAL CORE: ' + e.message)
  }
  // Each hand is somebody: what one keeps does not reach the others, who work at the same time.
  const app = await serve(t, sites, Object.keys(hands).map(name => ({ name, flags: ['--role', 'admin', '--see-all'] })))
  for (const [host, service] of broken.Wien) await call('/core/Wien/result', { host, service, state: 2, output: 'broken for this test' })
  const b = await browser(t)
  await Promise.all(Object.entries(hands).map(([name, hand], i) => t.test(name, async t => {
    const page = await b.page(hand.options)
    if (process.env.PATIENCE) page.setDefaultTimeout(Number(process.env.PATIENCE))
    for (const [site, objects] of Object.entries(broken)) {
      const [host, service] = objects[i]
      const exact = `host="${host}" service="${service}" site:"${site}"`
      const o = { site, host, service, exact, filter: `${exact} state:crit`, path: '' }
      for (const [flow, run] of Object.entries(flows)) {
        await t.test(`${site}: ${flow}`, { skip: flow !== 'sign in' && o.path === '' ? 'because nobody is signed in' : false }, async () => {
          await run({ page, url: app.url, name, hand, o })
          if (flow !== 'sign in') return
          await openWhen(page, `${app.url}/services?q=${enc(o.filter)}`, list, 120000)
          o.path = await row(page, host, service).locator('a[href*="/service/"]').first().evaluate(a => a.pathname)
        })
      }
    }
    await page.context().close()
  })))
  // The mistake in the address is one on purpose.
  assert.deepEqual(b.errors.filter(e => !/status of 400 .*limit=0/.test(e)), [])
})
