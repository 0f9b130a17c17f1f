// The pictures of the README, from a running demo. Not a test.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { binary, freePort, signIn, until } from './lib.mjs'

const out = process.argv[2] ? join(process.cwd(), process.argv[2]) : '.'
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const demo = spawn(binary, ['demo', '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'pipe'] })
createInterface({ input: demo.stderr }).on('line', () => {})
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  await until('the demo', async () => (await fetch(url + '/readyz')).ok, 120000)
  const open = async scheme => {
    const context = await browser.newContext({ viewport: { width: 1440, height: scheme === 'dark' ? 900 : 1080 }, colorScheme: scheme })
    const page = await context.newPage()
    await signIn(page, url, 'demo', 'demo')
    return page
  }
  const light = await open('light'), dark = await open('dark')
  await light.goto(url + '/problems')
  await light.locator('tbody tr').first().waitFor()
  await light.locator('tbody tr[id]').nth(3).hover() // its buttons show
  await light.screenshot({ path: join(out, 'problems-light.png') })
  const link = await light.locator('a[href*="/host/"]').first().getAttribute('href')
  await dark.goto(url + link)
  await dark.locator('h1').first().waitFor()
  await dark.screenshot({ path: join(out, 'host-dark.png') })
  await light.goto(url + '/sites/new')
  await light.fill('#f-name', 'Łódź')
  await light.fill('#f-addresses', `tcp://127.0.0.1:${await freePort()}`)
  await light.getByRole('button', { name: 'Test the connection' }).click()
  await light.locator('#verdict :text-matches("\\\\w")').first().waitFor()
  await light.screenshot({ path: join(out, 'wizard-light.png') })
} finally {
  await browser.close()
  demo.kill()
}
