-- HTML as text: what a report consists of stays, what no reader sees goes.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;

create temporary table example (number serial, name text, html text, expected text);

-- Text and white space

insert into example (name, html, expected) values
  ('without markup', e'a  b\n c', e'a  b\n c'),
  ('one line per block', '<p>One &amp; two</p><p>three&nbsp;<b>four</b></p>', e'One & two\nthree four'),
  ('nested blocks are one line', '<div><div><p>One</p></div></div><section>two</section>', e'One\ntwo'),
  ('white space is one space', e'<p>a\n\t b <i> c</i>d</p>', 'a b cd'),
  ('none between words of one', '<b>Fix</b>loop', 'Fixloop'),
  ('a space between elements', '<b>a</b> <b>b</b>', 'a b'),
  ('br breaks', 'a<br>b<br/>c<BR />d', e'a\nb\nc\nd'),
  ('two are an empty line', 'a<br><br>b', e'a\n\nb'),
  ('one before the end of a block adds nothing', '<p>a<br></p><p>b</p>', e'a\nb'),
  ('an empty paragraph is an empty line', '<p>a</p><p></p><p>b</p><p><br></p><p>c</p>', e'a\n\nb\n\nc'),
  ('headings', '<h1>Steps</h1><p>one</p><h2>Then</h2>two', e'Steps\none\nThen\ntwo'),
  ('a rule', '<p>a</p><hr><p>b</p>', e'a\n\n---\nb'),
  ('marks are plain text', '<s>a</s> <strong>b</strong> <em>c</em> <u>d</u><sub>2</sub>', 'a b c d2'),
  ('nothing to see', '<p> <br> &nbsp;</p>', null),
  ('text of any script', '<p dir="rtl">שלום &lrm;עולם</p><p>你好</p><p>😀</p>',
    e'שלום \u200eעולם\n你好\n😀');

-- Character references

insert into example (name, html, expected) values
  ('named', 'caf&eacute; &rsquo;&hellip;&mdash;&euro;&NotEqualTilde;', 'café ’…—€≂̸'),
  ('numeric', '&#8217;&#x2019;&#X1F600;&#39;&#x27;', '’’😀'''''),
  ('case counts', '&Eacute;&eacute;&AMP;&Amp;', 'Éé&&Amp;'),
  ('without semicolon', '&copy 2026 &eacutet&eacute &notit; &lt3', '© 2026 été ¬it; <3'),
  ('only where it is optional', '&rsquo &hellip x', '&rsquo &hellip x'),
  ('unknown ones stay', '&unknown; AT&T R&D &; & &#; &#x; &#xZ;', '&unknown; AT&T R&D &; & &#; &#x; &#xZ;'),
  ('once', '&amp;lt;b&amp;gt; &amp;amp;amp;', '&lt;b&gt; &amp;amp;'),
  ('numbers without a character', '&#0;&#xD800;&#1114112;&#99999999999999999999;', '����'),
  ('Windows-1252', '&#x80;&#146;&#150;&#x9f;', '€’–Ÿ'),
  ('escaped tags are text', '&lt;script&gt;alert(1)&lt;/script&gt;', '<script>alert(1)</script>'),
  ('in attributes', '<img alt="&lt;b&gt; &quot;x&quot;" src="https://a.example/?x=1&amp;y=2">',
    '![<b> "x"](https://a.example/?x=1&y=2)'),
  ('parameters that look like one', '<a href="https://a.example/?a=1&copy=2&lang=3&amp;reg;">x</a>',
    '[x](https://a.example/?a=1&copy=2&lang=3&reg;)');

-- Links, images, embeds

insert into example (name, html, expected) values
  ('a link', 'See <a href="https://a.example/x">the log</a>.', 'See [the log](https://a.example/x).'),
  ('an address', '<a href="https://a.example/x">https://a.example/x</a>', 'https://a.example/x'),
  ('without its last slash', '<a href="https://a.example/">https://a.example</a>', 'https://a.example'),
  ('mail', '<a href="mailto:a@b.example">a@b.example</a> <a href="mailto:a@b.example">us</a>',
    'a@b.example [us](mailto:a@b.example)'),
  ('relative ones and scripts', '<a href="/c/x">a</a> <a href="#y">b</a> <a href="JavaScript:alert(1)">c</a>',
    'a b c'),
  ('without text', '<p>x <a href="https://a.example/f"></a></p>', 'x https://a.example/f'),
  ('without address', '<a name="x">a</a> <a href="">b</a> <a>c</a>', 'a b c'),
  ('spaces stay outside', 'a<a href="https://a.example"> b </a>c', 'a [b](https://a.example) c'),
  ('marks inside', '<a href="https://a.example">a <b>b</b> <code>c</code></a>',
    '[a b `c`](https://a.example)'),
  ('quotes of any kind', '<a href=https://a.example/x>a</a> <A HREF=''https://b.example''>b</A>',
    '[a](https://a.example/x) [b](https://b.example)'),
  ('parentheses', '<a href="https://a.example/f_(x)">a</a> <a href="https://a.example/f_(x">b</a>',
    '[a](https://a.example/f_(x)) [b](<https://a.example/f_(x>)'),
  ('brackets', '<a href="https://a.example">[BUG] a</a> <a href="https://a.example">b]</a>',
    '[[BUG] a](https://a.example) [b\]](https://a.example)'),
  ('white space in an address', e'<a href=" https://a.example/\nx y ">a</a>', '[a](<https://a.example/x y>)'),
  ('unclosed', '<a href="https://a.example">a <a href="https://b.example">b',
    '[a](https://a.example) [b](https://b.example)'),
  ('an image', '<p>Look: <img src="https://a.example/a.png" alt="The error"></p>',
    'Look: ![The error](https://a.example/a.png)'),
  ('without alt', '<img src=//cdn.example/a.png>', '![](//cdn.example/a.png)'),
  ('an embedded image has its alt', '<img src="data:image/png;base64,AAAA" alt="Chart">x', 'Chartx'),
  ('an image that a script loads', '<img src="data:image/gif;base64,R0" data-src="https://a.example/a.png">',
    '![](https://a.example/a.png)'),
  ('an image of several sizes',
    '<img alt="x" srcset="https://a.example/1.png 1x, https://a.example/2.png 2x">',
    '![x](https://a.example/1.png)'),
  ('an image as link', '<a href="https://a.example"><img src="https://a.example/a.png" alt="x"></a>',
    '[![x](https://a.example/a.png)](https://a.example)'),
  ('an image that links itself', '<a href="https://a.example/a.png"><img src="https://a.example/a.png"></a>',
    '![](https://a.example/a.png)'),
  ('frames and media', '<p>a</p><iframe src="https://v.example/1"><p>no</p></iframe>'
    '<video><source src="https://v.example/2"></video>b',
    e'a\nhttps://v.example/1\nhttps://v.example/2\nb'),
  ('attachments', '<p>Hi <action-text-attachment sgid="x" content-type="application/vnd.circle.mention">@Ana'
    '</action-text-attachment></p><action-text-attachment content-type="image/png" filename="a.png" '
    'url="https://a.example/a.png"></action-text-attachment> '
    '<action-text-attachment content-type="text/plain" '
    'url="https://a.example/l.txt" filename="l.txt" caption="Log"></action-text-attachment>',
    e'Hi @Ana\n![a.png](https://a.example/a.png) [Log](https://a.example/l.txt)');

-- Code, lists, quotes, tables

insert into example (name, html, expected) values
  ('code in a line', '<p>Run <code>npm  ci</code>, then <code>a`b</code></p>',
    'Run `npm ci`, then `` a`b ``'),
  ('a code block',
    e'<p>a</p><pre><code class="hljs language-js">\nif (a &lt; b) {\n  c();\n}\n</code></pre><p>b</p>',
    e'a\n```js\nif (a < b) {\n  c();\n}\n```\nb'),
  ('highlighted code', e'<pre class="lang-sql"><span>select</span> <span>1</span>;\n\n<br>x  y</pre>',
    e'```sql\nselect 1;\n\n\nx  y\n```'),
  ('a blank code block', e'a<pre class="language-js"> \n</pre>b', e'a\nb'),
  ('with backticks', e'<pre>a\n```\nb</pre>', e'````\na\n```\nb\n````'),
  ('lists', '<ul><li>a</li><li><p>b</p></li></ul><ol start="3"><li>c<li>d</ol>e',
    e'- a\n- b\n3. c\n4. d\n\ne'),
  ('nested lists', '<ol><li>a<ul><li>b<ul><li>c</li></ul></li></ul>d</li><li>e</li></ol>',
    e'1. a\n   - b\n     - c\n   d\n2. e'),
  ('code in a list', e'<ol><li>Run<pre>a\nb</pre></li><li>c</li></ol>',
    e'1. Run\n   ```\n   a\n   b\n   ```\n2. c'),
  ('an empty item counts', '<ol><li></li><li>b</li></ol>', '2. b'),
  ('a quote', '<p>a</p><blockquote><p>b</p><p>c</p><blockquote>d</blockquote></blockquote><p>e</p>',
    e'a\n> b\n> c\n> > d\n\ne'),
  ('a quoted list', '<blockquote><ul><li>a</li><li>b</li></ul></blockquote>', e'> - a\n> - b'),
  ('a table', '<table><thead><tr><th>Key</th><th>Value</th></tr></thead><tbody><tr><td>a</td><td>1</td></tr>'
    '<tr><td><p>b</p></td><td><p>2</p></td></tr></tbody></table><p>x</p>',
    e'Key | Value\na | 1\nb | 2\nx'),
  ('empty cells', '<table><tr><td></td><td>x</td><td></td><td>y</td></tr></table>', '| x |  | y'),
  ('definitions and options', '<dl><dt>a</dt><dd>b</dd></dl><select><option>c<option>d</select>',
    e'a\nb\nc\nd');

-- What no reader sees, and what is malformed

insert into example (name, html, expected) values
  ('styles and scripts', e'<style>p > a { color: red }</style>a<script>if (1 < 2) "</p>"</script>b'
    '<template>c<template>d</template>e</template><noscript>f</noscript>', 'ab'),
  ('other elements named in a script', '<script>x = "</style><p>no"</script>yes', 'yes'),
  ('a script is closed in any case', '<SCRIPT>a</Script >b', 'b'),
  ('one that is not closed', 'a<script>b', 'a'),
  ('text fields', e'<textarea> a <b>\n c</textarea><title>x &amp; y</title>z', e'a <b> c\nx & y\nz'),
  ('examples', '<xmp>a &amp; <b></xmp>c', e'a &amp; <b>\nc'),
  ('comments', 'a<!-- b > --c --><!-->d<!--->e<!-- f --!>g<!---- h ---->i', 'adegi'),
  ('one that is not closed', 'a<!-- b', 'a'),
  ('a comment hides tags', '<!-- <script> -->a<!-- </script> -->', 'a'),
  ('declarations', '<!DOCTYPE html><?xml version="1.0"?><![CDATA[a <b> ]] c]]>', 'a <b> ]] c'),
  ('> in an attribute', '<p title="a>b">c</p><p data-x=''>''>d</p>', e'c\nd'),
  ('quotes in names and values', '<p a"b title=it''s c = "d">e</p><p =x>f</p>', e'e\nf'),
  ('an attribute that ends with =', '<p a=>b</p><p a="x=">text">', e'b\ntext">'),
  ('two of one name', '<a href="https://a.example" HREF="https://b.example">x</a>', '[x](https://a.example)'),
  ('no tag', 'a < b, x<3 <- y <= z <', 'a < b, x<3 <- y <= z <'),
  ('broken hearts', '</3 &amp; </', '</3 & </'),
  ('a tag that is not closed is text', 'if a <b and c', 'if a <b and c'),
  ('a quote that is not closed', '<p title="a>Hello <b>you</b>', 'Hello you'),
  ('closed, not opened', '</div></pre></ul></blockquote></a></code>a <b>b</i></b>', 'a b'),
  ('opened, not closed', '<div><p>a<p>b<ul><li>c', e'a\nb\n- c'),
  ('names of one''s own', '<my-tag x>a</my-tag><o:p>b</o:p><svg><path d="M0"/></svg>', 'ab');

select plan((select count(*)::integer + 2 from example));

select is(private.parse_html(e.html), e.expected, e.name) from example as e order by e.number;

select is((select count(*) from private.html_entities where is_semicolon_optional), 106::bigint,
  'the references that need no semicolon');
select is(
  (select count(*) from private.html_entities as e
   where private.parse_html('&' || e.name || ';') is distinct from replace(
     private.parse_html('&' || e.name || ';'), '&' || e.name || ';', '')),
  0::bigint, 'every name is decoded'
);

select * from finish();
rollback;
