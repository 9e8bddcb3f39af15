/** Chromium and Firefox behind one face. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { PATIENCE, until } from './wait.mjs';

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const FIREFOX_SETTINGS = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': '',
  'toolkit.telemetry.server': '',
};

/** Starts a browser with a profile of its own: `chromium` or `firefox`. */
export function openBrowser(name) {
  return name === 'firefox' ? Firefox.open() : Chromium.open();
}

class Chromium {
  name = 'chromium';
  #context;
  #profile;

  static async open() {
    const browser = new Chromium();
    browser.#profile = await mkdtemp(join(tmpdir(), 'boplish-chromium-'));
    browser.#context = await chromium.launchPersistentContext(browser.#profile, {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: CHROMIUM_FLAGS,
      headless: true,
    });
    return browser;
  }

  async newTab() {
    return new ChromiumTab(await this.#context.newPage());
  }

  /** The tab that `action` opens. */
  async tabOpenedBy(action) {
    const [page] = await Promise.all([this.#context.waitForEvent('page'), action()]);
    return new ChromiumTab(page);
  }

  async close() {
    await this.#context?.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Firefox {
  name = 'firefox';
  #browser;

  static async open() {
    const firefox = new Firefox();
    firefox.#browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: process.env.FIREFOX || '/usr/bin/firefox-esr',
      headless: true,
      extraPrefsFirefox: FIREFOX_SETTINGS,
    });
    return firefox;
  }

  async newTab() {
    return new FirefoxTab(await this.#browser.newPage());
  }

  async tabOpenedBy(action) {
    const known = new Set(await this.#browser.pages());
    await action();
    const page = await until('the opened tab', async () =>
      (await this.#browser.pages()).find((each) => !known.has(each)),
    );
    return new FirefoxTab(page);
  }

  async close() {
    await this.#browser?.close();
  }
}

/** What tests do with a tab; the two drivers differ in little. */
class Tab {
  log = [];
  /** Errors of the page: what it threw, what it logged as an error. */
  errors = [];
  page;

  constructor(page) {
    this.page = page;
    page.on('console', (message) => {
      const { url = '' } = message.location() ?? {};
      const text = `${message.type()}: ${message.text()} ${url}`.trimEnd();
      this.log.push(text);
      if (message.type() === 'error') this.errors.push(text);
    });
    page.on('pageerror', (error) => {
      const text = `uncaught: ${error?.stack || error}`;
      this.log.push(text);
      this.errors.push(text);
    });
  }

  /** Runs a function in the page; it sees nothing of this file. */
  run(fn, argument) {
    return this.page.evaluate(fn, argument);
  }

  /** Waits until a function in the page gives something truthy. */
  until(what, fn, argument, timeout = PATIENCE) {
    return until(`${this.name}: ${what}`, () => this.run(fn, argument), timeout);
  }

  async open(url) {
    await this.page.goto(url, { waitUntil: 'load' });
  }

  async reload() {
    await this.page.reload({ waitUntil: 'load' });
  }

  async screenshot(path) {
    await this.page.screenshot({ path });
  }

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async close() {
    await this.page.close();
  }

  /** What a failed test shows of it. */
  async shown() {
    return [`--- ${this.name}, console:`, ...this.log.slice(-60)].join('\n');
  }
}

class ChromiumTab extends Tab {
  name = 'chromium tab';

  async resize(width, height) {
    await this.page.setViewportSize({ width, height });
  }

  async colours(scheme) {
    await this.page.emulateMedia({ colorScheme: scheme });
  }

  async click(selector) {
    await this.page.click(selector, { timeout: PATIENCE });
  }

  async addScript(content) {
    await this.page.addScriptTag({ content });
  }
}

class FirefoxTab extends Tab {
  name = 'firefox tab';

  async resize(width, height) {
    try {
      await this.page.setViewport({ width, height });
    } catch (error) {
      // Firefox ESR 140 sets the size, and has no command for the orientation besides.
      if (!error.message.includes('setScreenOrientationOverride')) throw error;
    }
    await this.until(`a width of ${width}`, (wanted) => innerWidth === wanted, width);
  }

  /** BiDi has no colour schemes yet; the page's own switch does the same. */
  async colours(scheme) {
    await this.run((theme) => {
      document.documentElement.dataset.theme = theme;
    }, scheme);
  }

  async click(selector) {
    await this.page.locator(selector).setTimeout(PATIENCE).click();
  }

  async addScript(content) {
    await this.page.addScriptTag({ content });
  }
}
