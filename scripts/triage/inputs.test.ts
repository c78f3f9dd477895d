import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { areaUnderCurve } from "./metrics.ts";

// Texts of the kinds that people report as judged wrongly: what isn't an issue and has the words of one, and plain reports
// without any. None of them is a text that the weights were trained on.

const sql = await useDatabase();

/** By language: thanks, an idea or event, a changelog, an answer, something solved; all with words of an issue. */
const OTHERS: Record<string, string[]> = {
  en: [
    "Thanks to everybody who helped with my login problem yesterday, you're great",
    "Workshop next Tuesday: reading error messages like a detective. Seats are free.",
    "Changelog 6.2: faster export, 12 bugs fixed, new password page",
    "You get that error if the file is still open in another program. Close it and try again.",
    "It's solved, the crash came from my old graphics driver",
    "I wrote a post about the worst bug I ever shipped: blog.example.org/worst-bug",
  ],
  es: [
    "Gracias a todos los que me ayudaron ayer con el error del login",
    "Taller el martes: cómo leer mensajes de error. Entrada libre.",
    "Novedades de la versión 6.2: exportación más rápida y 12 errores corregidos",
    "Ese fallo sale si el archivo está abierto en otro programa. Ciérralo y prueba otra vez.",
    "Resuelto, el problema era mi navegador viejo",
  ],
  pt: [
    "Obrigado a todos que ajudaram ontem com o erro do login",
    "Oficina na terça: como ler mensagens de erro. Entrada livre.",
    "Novidades da versão 6.2: exportação mais rápida e 12 erros corrigidos",
    "Esse erro aparece se o arquivo está aberto em outro programa. Fecha e tenta de novo.",
    "Resolvido, o problema era meu navegador antigo",
  ],
  de: [
    "Danke an alle, die gestern bei meinem Login-Problem geholfen haben",
    "Workshop am Dienstag: Fehlermeldungen lesen. Plätze sind frei.",
    "Neu in Version 6.2: schnellerer Export, 12 Fehler behoben",
    "Der Fehler kommt, wenn die Datei noch in einem anderen Programm offen ist. Mach sie zu und probier es nochmal.",
    "Hat sich erledigt, der Absturz lag an meinem alten Treiber",
  ],
  fr: [
    "Merci à tous ceux qui m'ont aidé hier avec mon problème de connexion",
    "Atelier mardi : lire les messages d'erreur. Places libres.",
    "Nouveautés de la version 6.2 : export plus rapide, 12 bugs corrigés",
    "Cette erreur apparaît si le fichier est ouvert dans un autre programme. Fermez-le et réessayez.",
    "C'est résolu, le plantage venait de mon vieux pilote",
  ],
  "hi-Latn": [
    "kal login problem me jisne bhi help ki sabko bahut dhanyavaad",
    "mangalwar ko workshop: error message kaise padhe, seat free hai",
    "version 6.2 me naya: export tez, 12 bug fix",
    "ye error tab aata hai jab file dusre program me khuli ho, band karke fir try karo",
    "ho gaya solve, purane driver ki wajah se crash ho raha tha",
  ],
  ja: [
    "昨日ログインの問題を助けてくださった皆さん、ありがとうございました",
    "火曜日にワークショップを開催します：エラーメッセージの読み方。参加無料です。",
    "バージョン6.2のお知らせ：エクスポートの高速化、12件の不具合を修正",
    "解決しました。古いドライバーが原因でした。",
  ],
  zh: [
    "感谢昨天帮我解决登录问题的各位",
    "周二工作坊：如何看懂报错信息，免费参加",
    "6.2 版本更新：导出更快，修复了 12 个错误",
    "已经解决了，是驱动太旧导致的崩溃",
  ],
  ar: [
    "شكرا لكل من ساعدني أمس في مشكلة تسجيل الدخول",
    "ورشة يوم الثلاثاء: كيف نقرأ رسائل الخطأ، الدخول مجاني",
    "جديد الإصدار 6.2: تصدير أسرع وإصلاح 12 خطأ",
    "تم الحل، كان السبب متصفحي القديم",
  ],
};

/** By language: plain reports, questions and wishes, without words such as error, bug or problem. */
const ISSUES: Record<string, string[]> = {
  en: [
    "Since the update the sidebar is white and none of my boards open",
    "My certificate shows the name of somebody else",
    "I paid on Monday and still can't see the second module",
    "How do I move a form to another workspace?",
    "Two of our members see each other's messages",
  ],
  es: [
    "Desde la actualización la barra lateral sale en blanco y no se abre ningún tablero",
    "Pagué el lunes y todavía no veo el segundo módulo",
    "¿Cómo muevo un formulario a otro espacio?",
  ],
  pt: [
    "Desde a atualização a barra lateral fica branca e nenhum quadro abre",
    "Paguei na segunda e ainda não vejo o segundo módulo",
    "Como faço para mover um formulário para outro espaço?",
  ],
  de: [
    "Seit dem Update ist die Seitenleiste weiß und keins meiner Boards geht auf",
    "Ich habe am Montag bezahlt und sehe das zweite Modul immer noch nicht",
    "Wie verschiebe ich ein Formular in einen anderen Bereich?",
  ],
  fr: [
    "Depuis la mise à jour la barre latérale est blanche et aucun tableau ne s'ouvre",
    "J'ai payé lundi et je ne vois toujours pas le deuxième module",
    "Comment déplacer un formulaire vers un autre espace ?",
  ],
  "hi-Latn": [
    "update ke baad sidebar white hai aur koi board nahi khul raha",
    "monday ko pay kiya tha abhi tak second module nahi dikh raha",
    "form ko dusre workspace me kaise le jau?",
  ],
  ja: [
    "アップデートしてからサイドバーが真っ白で、ボードが一つも開けません",
    "月曜に支払ったのに、まだ第2モジュールが見られません",
    "フォームを別のスペースに移すにはどうすればいいですか",
  ],
  zh: [
    "更新之后侧边栏一片空白，看板一个都打不开",
    "周一付了款，到现在还看不到第二章",
    "怎么把表单移到另一个空间",
  ],
  ar: [
    "بعد التحديث صار الشريط الجانبي أبيض ولا يفتح أي لوح",
    "دفعت يوم الاثنين وما زلت لا أرى الوحدة الثانية",
    "كيف أنقل النموذج إلى مساحة أخرى؟",
  ],
};

async function judge(texts: readonly string[]): Promise<number[]> {
  const rows = await sql<{ p: number }[]>`
    select private.issue_likelihood(null, t.body) as p
    from unnest(${[...texts]}::text[]) with ordinality as t (body, number) order by t.number
  `;
  return rows.map(({ p }) => p);
}

test("nothing that isn't an issue becomes one by itself, whatever words it has", async () => {
  const texts = Object.values(OTHERS).flat();
  const likelihoods = await judge(texts);
  expect(texts.filter((_, at) => (likelihoods[at] ?? 1) >= 0.8)).toEqual([]);
});

test("fewer than one plain report in twenty is ranked under 0.05, and most become issues by themselves", async () => {
  const texts = Object.values(ISSUES).flat();
  const likelihoods = await judge(texts);
  expect(likelihoods.filter((p) => p < 0.05).length / texts.length).toBeLessThan(0.05);
  expect(likelihoods.filter((p) => p >= 0.8).length / texts.length).toBeGreaterThan(0.6);
});

test("in each language reports are ranked above the others", async () => {
  const all = [...Object.values(ISSUES).flat(), ...Object.values(OTHERS).flat()];
  const count = Object.values(ISSUES).flat().length;
  expect(areaUnderCurve(await judge(all), all.map((_, at) => at < count))).toBeGreaterThan(0.93);
  for (const lang of Object.keys(OTHERS)) {
    const [issues = [], others = []] = [ISSUES[lang], OTHERS[lang]];
    const likelihoods = await judge([...issues, ...others]);
    const isIssue = likelihoods.map((_, at) => at < issues.length);
    expect(areaUnderCurve(likelihoods, isIssue), lang).toBeGreaterThan(0.8);
  }
});
