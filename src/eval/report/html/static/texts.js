// Shows the texts of errors from a file that the reader chooses. The file is known by its SHA-256, so that no id is
// matched with a text of other data; it is read here and goes nowhere.
(() => {
  'use strict';
  const form = document.getElementById('texts-form');
  if (!form) return;
  const at = id => document.getElementById(`texts-${id}`);
  const say = words => { at('says').textContent = words; };

  const digest = async bytes => {
    const hash = await crypto.subtle.digest('SHA-256', bytes);
    return Array.from(new Uint8Array(hash), b => b.toString(16).padStart(2, '0')).join('');
  };

  // Records of a delimited file, each with the line it begins on.
  const records = (text, delimiter) => {
    const out = [];
    let fields = [], field = '', quoted = false, line = 1, began = 1;
    const end = () => {
      fields.push(field);
      if (fields.length > 1 || field !== '') out.push({ line: began, fields });
      [fields, field, began] = [[], '', line];
    };
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (c === '\n') line++;
      if (quoted) {
        if (c !== '"') field += c;
        else if (text[i + 1] === '"') { field += '"'; i++; }
        else quoted = false;
      } else if (c === '"' && field === '') quoted = true;
      else if (c === delimiter) { fields.push(field); field = ''; }
      else if (c === '\n') end();
      else if (c !== '\r') field += c;
    }
    if (field !== '' || fields.length > 0) end();
    return out;
  };
  const delimited = text => {
    const head = text.slice(0, text.indexOf('\n'));
    const delimiter = ['\t', ',', ';'].find(d => head.includes(d)) ?? ',';
    const [names, ...rows] = records(text, delimiter);
    return rows.map(({ line, fields }) => ({ line, row: Object.fromEntries(names.fields.map((n, i) => [n.trim(), fields[i]])) }));
  };
  const rowsOf = text => {
    const begins = text.trimStart()[0];
    if (begins === '[') return JSON.parse(text).map((row, i) => ({ line: i + 1, row }));
    if (begins !== '{') return delimited(text);
    return text.split('\n').map((json, i) => ({ line: i + 1, json })).filter(r => r.json.trim() !== '')
      .map(({ line, json }) => ({ line, row: JSON.parse(json) }));
  };

  const show = async () => {
    const file = at('file').files[0];
    if (!file) return say('Choose a file first.');
    const bytes = await file.arrayBuffer();
    const sha = await digest(bytes);
    const parts = Array.from(document.querySelectorAll('.errors'), part => ({ part, sources: JSON.parse(part.dataset.sources) }))
      .filter(({ sources }) => sources.some(s => s.sha256 === sha));
    if (parts.length === 0) return say(`None of these sets was measured on this file; its SHA-256 is ${sha}.`);
    const [id, text] = [at('id').value.trim(), at('column').value.trim()];
    const texts = new Map();
    rowsOf(new TextDecoder().decode(bytes)).forEach(({ line, row }, number) => {
      const name = id === '' ? String(number + 1) : String(row[id]);
      // The harness tells repeated ids apart by their line.
      texts.set(texts.has(name) ? `${name}@${line}` : name, row[text]);
    });
    let [shown, wanted] = [0, 0];
    for (const { part, sources } of parts) {
      const source = sources.find(s => s.sha256 === sha).name;
      const many = new Set(sources.map(s => s.name)).size > 1;
      for (const code of part.querySelectorAll('code')) {
        let name = code.dataset.id;
        if (many && !name.startsWith(`${source}/`)) continue;
        if (many) name = name.slice(source.length + 1);
        const found = texts.get(name) ?? texts.get(name.replace(/#\d+$/, ''));
        wanted++;
        if (found === undefined || found === null) continue;
        shown++;
        code.parentElement.querySelector('blockquote')?.remove();
        const quote = document.createElement('blockquote');
        quote.textContent = found;
        code.parentElement.append(quote);
      }
    }
    say(`${shown} of ${wanted} texts are shown.${shown < wanted ? ' Are the columns right?' : ''}`);
  };
  form.addEventListener('submit', event => event.preventDefault());
  at('show').addEventListener('click', () => show().catch(error => say(`The file cannot be read: ${error.message}`)));
  form.hidden = false;
})();
