/* Small helpers. Every page works without them. */
(() => {
  const $ = (s, r = document) => r.querySelector(s);
  const $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const words = document.body.dataset;

  const live = document.createElement('div');
  live.className = 'sr';
  live.setAttribute('role', 'status');
  document.body.append(live);
  const toasts = document.createElement('div');
  toasts.className = 'toasts';
  document.body.append(toasts);

  const say = text => { live.textContent = ''; setTimeout(() => { live.textContent = text }, 50) };
  const toast = text => {
    const t = document.createElement('div');
    t.className = 'toast';
    t.textContent = text;
    toasts.replaceChildren(t);
    say(text);
    setTimeout(() => t.remove(), 6000);
  };

  /* ---- on every click, also for parts that htmx brings later ---- */
  const copy = async button => {
    try { await navigator.clipboard.writeText(button.dataset.copy) } catch (refused) { return select(button) }
    const label = $('.lbl', button);
    if (!label) return toast(words.copied);
    say(words.copied);
    if (label.dataset.was) return;
    label.dataset.was = label.textContent;
    label.textContent = words.copied;
    setTimeout(() => { label.textContent = label.dataset.was; delete label.dataset.was }, 1800);
  };
  /* no clipboard (plain http): mark the text so that one key copies it */
  const select = button => {
    const text = $('span', button.closest('.linkbox') || button);
    if (text) getSelection().selectAllChildren(text);
  };
  const share = async button => {
    const what = { title: button.dataset.title || document.title, text: button.dataset.text || '', url: button.dataset.share };
    try { await navigator.share(what) } catch (closed) { /* she changed her mind */ }
  };
  const flipTheme = () => {
    const html = document.documentElement;
    const dark = html.dataset.theme ? html.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
    html.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.theme = html.dataset.theme } catch (blocked) { /* for this page only */ }
  };
  /* a thumb links to its large picture; here the large place takes it */
  const showImage = thumb => {
    const large = $('#' + thumb.dataset.showImage);
    large.removeAttribute('srcset');
    large.src = thumb.href;
    large.alt = $('img', thumb).alt || large.alt;
    $$('[data-show-image]').forEach(t => t === thumb ? t.setAttribute('aria-current', 'true') : t.removeAttribute('aria-current'));
  };
  document.addEventListener('click', event => {
    const on = selector => event.target.closest(selector);
    let hit;
    if ((hit = on('[data-copy]'))) copy(hit);
    if ((hit = on('[data-share]'))) share(hit);
    if (on('[data-theme-toggle]')) flipTheme();
    if ((hit = on('[data-dialog]'))) { event.preventDefault(); $('#' + hit.dataset.dialog)?.showModal() }
    if ((hit = on('[data-close]'))) { event.preventDefault(); hit.closest('dialog')?.close() }
    if (event.target.nodeName === 'DIALOG') event.target.close();
    if ((hit = on('[data-view]'))) {
      $$('[data-view]').forEach(v => v.setAttribute('aria-pressed', v === hit));
      $$('[data-pane]').forEach(p => { p.hidden = p.dataset.pane !== hit.dataset.view });
    }
    if ((hit = on('[data-show-image]'))) { event.preventDefault(); showImage(hit) }
    $$('details.menu[open]').forEach(menu => { if (!menu.contains(event.target)) menu.open = false });
  });
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    $$('details.menu[open]').forEach(menu => { menu.open = false; $('summary', menu).focus() });
  });
  /* a select or radio that submits its form */
  document.addEventListener('change', event => {
    const { picture, price } = event.target.dataset;
    const thumb = picture && $('#' + picture);
    if (thumb) showImage(thumb);
    if (price) $$(`[data-price-of="${event.target.form.id}"]`).forEach(shown => { shown.textContent = price });
    if (event.target.closest('[data-submit-on-change]')) event.target.form.requestSubmit();
  });
  /* a form is sent once; the server holds too */
  document.addEventListener('submit', event => {
    const form = event.target;
    if (!form.matches('[data-once]')) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = '1';
    $$('button[type=submit],button:not([type])', form).forEach(b => { b.classList.add('busy'); b.setAttribute('aria-disabled', 'true') });
    setTimeout(() => { delete form.dataset.sent; $$('.busy', form).forEach(b => { b.classList.remove('busy'); b.removeAttribute('aria-disabled') }) }, 15000);
  });
  /* filters that lie over the page on phones */
  document.addEventListener('submit', event => $(':popover-open', event.target)?.hidePopover());
  document.addEventListener('click', event => {
    const field = event.target.closest('.errsum a') && $(event.target.closest('a').hash);
    const over = field?.closest('[popover]');
    if (over && getComputedStyle(over).display === 'none') { event.preventDefault(); over.showPopover(); field.focus() }
  });
  addEventListener('pageshow', event => { if (event.persisted) $$('form[data-sent]').forEach(f => delete f.dataset.sent) });

  /* ---- parts that need their own set-up, once each ---- */
  const once = (element, name) => { const key = 'is' + name; if (element.dataset[key]) return false; element.dataset[key] = '1'; return true };

  /* values that only the server knows, through the CSSOM, since style attributes are forbidden */
  const applyStyles = root => $$('[data-style]', root).forEach(element => {
    for (const rule of element.dataset.style.split(';')) {
      const at = rule.indexOf(':');
      const name = rule.slice(0, at).trim();
      if (at > 0 && name.startsWith('--')) element.style.setProperty(name, rule.slice(at + 1).trim());
    }
  });

  /* light the dots while the server answers */
  const checker = form => {
    const field = $(form.dataset.checker);
    const input = form.elements.followers;
    if (!field || !input) return;
    const light = () => {
      const lit = Math.min(+input.value.replace(/\D/g, '') || 0, 1000);
      $('.k-full', field).setAttribute('height', Math.floor(lit / 50) * 10);
      const part = $('.k-part', field);
      part.setAttribute('y', Math.floor(lit / 50) * 10);
      part.setAttribute('width', (lit % 50) * 10);
    };
    input.addEventListener('input', light);
    light();
  };

  /* chart scrubber: a native range input picks the day */
  const scrubber = range => {
    const id = range.dataset.scrub;
    const rows = JSON.parse($('#' + id).textContent);
    const plots = $$(`[data-plot="${id}"]`);
    const out = $(`#${id}-out`);
    range.closest('[data-scrub-part]').hidden = false;
    const show = () => {
      plots.forEach(p => [...p.children].forEach((bar, i) => bar.classList.toggle('on', i === +range.value)));
      out.textContent = rows[range.value];
      range.setAttribute('aria-valuetext', rows[range.value]);
    };
    range.addEventListener('input', show);
    plots.forEach(p => p.addEventListener('pointermove', event => {
      const box = p.getBoundingClientRect();
      range.value = Math.min(rows.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * rows.length)));
      show();
    }));
    range.setAttribute('aria-valuetext', rows[range.value]);
  };

  /* countdown in minute steps, quiet for screen readers */
  const countdown = time => {
    const tick = () => {
      const minutes = Math.max(0, Math.floor((new Date(time.dateTime) - Date.now()) / 6e4));
      if (minutes < 1440) time.textContent = words.in.replace('{h}', Math.floor(minutes / 60)).replace('{m}', minutes % 60);
    };
    tick();
    const timer = setInterval(() => time.isConnected ? tick() : clearInterval(timer), 6e4);
  };

  /* an address that ends in #main (the skip link's) takes the focus away again while it loads */
  const focusErrors = errors => {
    errors.focus();
    if (document.readyState === 'complete') return;
    addEventListener('load', () => { if (document.activeElement.matches('body, #main')) errors.focus() }, { once: true });
  };

  const setUp = root => {
    applyStyles(root);
    $$('[data-checker]', root).forEach(f => once(f, 'Checker') && checker(f));
    $$('[data-scrub]', root).forEach(r => once(r, 'Scrub') && scrubber(r));
    $$('time[data-until]', root).forEach(t => once(t, 'Until') && countdown(t));
    if (!navigator.share) $$('[data-share]', root).forEach(b => { b.hidden = true });
    $$('dialog[data-open]', root).forEach(d => { if (!d.open) d.showModal() });
    const errors = $('.errsum[data-focus]', root);
    if (errors) focusErrors(errors);
  };
  setUp(document);

  /* ---- htmx ---- */
  document.addEventListener('htmx:afterSwap', event => {
    const target = event.detail.target?.isConnected ? event.detail.target : event.detail.elt;
    if (target?.closest?.('dialog') && !target.closest('dialog').open) target.closest('dialog').showModal();
  });
  document.addEventListener('htmx:load', event => {
    const part = event.detail.elt;
    if (part === document.body) return;
    setUp(part.parentElement || part);
    const focus = part.matches?.('[data-autofocus]') ? part : $('[data-autofocus]', part);
    if (focus) focus.focus();
  });
  document.addEventListener('htmx:oobAfterSwap', event => setUp(event.detail.target.parentElement || document));
  document.addEventListener('htmx:responseError', () => toast(words.failed));
  document.addEventListener('htmx:sendError', () => toast(words.offline));
  document.addEventListener('htmx:timeout', () => toast(words.failed));
  /* a passkey that is not there, or that she refused */
  document.addEventListener('allauth.error', event => { event.preventDefault(); toast(words.nokey) });
  /* the server may ask for a word: HX-Trigger: {"toast": "Link copied"} */
  document.addEventListener('toast', event => toast(event.detail.value));
  document.addEventListener('close-dialog', () => $$('dialog[open]').forEach(d => d.close()));

  /* an optimistic toggle (shortlist) rolls back when the server says no */
  document.addEventListener('htmx:beforeRequest', event => {
    const button = event.detail.elt;
    if (button.matches('[data-toggle]')) button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
  });
  document.addEventListener('htmx:afterRequest', event => {
    const button = event.detail.elt;
    if (button.matches('[data-toggle]') && !event.detail.successful) button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
  });
})();
