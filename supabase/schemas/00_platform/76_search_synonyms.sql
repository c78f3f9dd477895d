-- Other words for the same: so that a text finds what was written in other words, or in another language.

create or replace function private.query_words(p_query tsquery) returns text[]
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return array(
    select replace(r.match[1], '''''', '''')
    from regexp_matches(p_query::text, '''((?:[^'']|'''')*)''', 'g') as r (match)
  );
end;
$$;
comment on function private.query_words is 'The words of a query, in their order.';

create table private.search_synonyms (
  concept text not null,
  word text not null,
  query tsquery not null generated always as (private.term_query(word, false)) stored,
  terms text[] not null generated always as (private.query_words(private.term_query(word, false))) stored,
  constraint search_synonyms_pkey primary key (concept, word)
);
comment on table private.search_synonyms is
  'Words and short phrases of several languages by what they mean. Used when a text is compared with issues: '
  'each word of a concept is evidence for the others, worth half of the word itself. Operators may add rows.';
comment on column private.search_synonyms.query is 'The word as search sees it.';
comment on column private.search_synonyms.terms is 'The words of query.';
create index search_synonyms_terms_idx on private.search_synonyms using gin (terms);
alter table private.search_synonyms enable row level security;

insert into private.search_synonyms (concept, word)
select c.concept, w.word
from (
  values
    ('password',
      'password, passwort, kennwort, contraseña, clave, senha, mot de passe, パスワード, 密码, كلمة السر, '
      'كلمة المرور'),
    ('sign in',
      'login, sign in, signin, log in, sign-in, anmelden, anmeldung, einloggen, iniciar sesión, '
      'entrar, acceder, acessar, connexion, connecter, se connecter, ログイン, サインイン, 登录, 登陆, '
      'تسجيل الدخول, الدخول'),
    ('sign out',
      'logout, log out, sign out, signed out, kicked out, abmelden, ausgeloggt, abgemeldet, '
      'cerrar sesión, sair, déconnexion, déconnecté, ログアウト, 退出, تسجيل الخروج'),
    ('sign up',
      'signup, sign up, register, registration, registrieren, registrierung, registro, registrarse, '
      'cadastro, inscription, inscrire, 登録, 注册, التسجيل'),
    ('account', 'account, konto, cuenta, conta, compte, アカウント, 账号, 账户, حساب, الحساب, حسابي, khata'),
    ('e-mail',
      'mail, email, e-mail, message, nachricht, correo, mensaje, mensagem, courriel, メール, 邮件, 邮箱, '
      'البريد, رسالة, الرسالة'),
    ('address', 'address, adresse, dirección, endereço, アドレス, 住所, 地址, عنوان'),
    ('spam', 'spam, junk, no deseados, lixo, indésirables, 迷惑メール, 垃圾邮件'),
    ('code', 'code, código, codigo, コード, 代码, 验证码, الرمز, رمز'),
    ('phone',
      'phone, mobile, smartphone, handy, telefon, teléfono, celular, móvil, telefone, téléphone, '
      'portable, 電話, スマホ, 携帯, 手机, هاتف, هاتفي, الهاتف, الجوال'),
    ('verification',
      'verification, verify, confirm, confirmation, bestätigen, bestätigung, verificación, confirmar, '
      'verificação, vérification, 確認, 認証, 验证, التحقق, تأكيد'),
    ('two-factor',
      '2fa, two factor, two-factor, authenticator, zwei faktor, dos pasos, doble factor, dois fatores, '
      'double authentification, 二段階認証, 两步验证'),
    ('reset',
      'reset, zurücksetzen, restablecer, redefinir, réinitialiser, forgot, forgotten, vergessen, '
      'olvidé, esqueci, oublié, リセット, 重置, إعادة تعيين'),
    ('invitation', 'invite, invitation, einladung, eingeladen, invitación, convite, 招待, 邀请, دعوة'),
    ('profile', 'profile, profil, perfil, プロフィール, 资料, الملف الشخصي'),
    ('picture',
      'picture, image, photo, avatar, screenshot, bild, foto, imagen, imagem, 画像, 写真, 图片, 照片, 头像, صورة'),
    ('payment',
      'payment, pay, paid, bezahlen, bezahlt, zahlung, gezahlt, pago, pagar, pagado, pagué, pagamento, '
      'paguei, paiement, payer, payé, 支払い, 決済, 付款, 支付, دفع, الدفع, دفعت, paisa, paise'),
    ('charge',
      'charge, charged, billed, debited, withdrawn, abgebucht, abbuchung, belastet, cobrado, cobro, '
      'cobraron, cobrança, débité, prélevé, prélèvement, 請求, 引き落とし, 扣款, 扣费, خصم, kat gaya'),
    ('twice',
      'twice, double, doubled, duplicate, duplicated, 2x, doppelt, zweimal, doble, dos veces, '
      'duplicado, duas vezes, dobro, duplicada, deux fois, doublon, 二重, 二回, 2回, 重複, 两次, 重复, مرتين, '
      'مكرر, do baar'),
    ('invoice',
      'invoice, bill, receipt, rechnung, rechnungen, beleg, quittung, factura, facturas, recibo, '
      'fatura, facture, reçu, 請求書, 領収書, 发票, 账单, فاتورة, الفاتورة'),
    ('refund',
      'refund, money back, rückerstattung, erstattung, geld zurück, reembolso, devolución, devolver, '
      'remboursement, rembourser, 返金, 退款, استرداد'),
    ('price',
      'price, cost, fee, preis, kosten, gebühr, precio, coste, costo, tarifa, preço, custo, prix, '
      'coût, 価格, 料金, 价格, 费用, سعر, السعر'),
    ('discount',
      'discount, coupon, voucher, promo, rabatt, gutschein, descuento, cupón, desconto, cupom, '
      'réduction, remise, 割引, クーポン, 优惠, 折扣, 优惠券, خصم, كوبون'),
    ('subscription',
      'subscription, plan, membership, abo, abonnement, mitgliedschaft, suscripción, membresía, '
      'assinatura, plano, サブスク, 購読, プラン, 订阅, 会员, اشتراك, اشتراكي'),
    ('cancel',
      'cancel, cancellation, cancelled, unsubscribe, kündigen, gekündigt, kündigung, cancelar, '
      'cancelado, baja, annuler, résilier, 解約, キャンセル, 取消, 退订, إلغاء'),
    ('renew',
      'renew, renewal, verlängern, verlängerung, renovar, renovación, renovação, renouveler, 更新, 续费, '
      '续订, تجديد'),
    ('upgrade', 'upgrade, wechsel, hochstufen, mejorar, aumentar, アップグレード, 升级, ترقية'),
    ('card', 'card, credit card, karte, kreditkarte, tarjeta, cartão, carte, カード, 银行卡, 信用卡, بطاقة'),
    ('bank', 'bank, statement, kontoauszug, banco, extracto, banque, relevé, 銀行, 银行, البنك'),
    ('tax', 'tax, vat, steuer, mwst, umsatzsteuer, impuesto, iva, imposto, tva, 税, 消費税, ضريبة'),
    ('error',
      'error, failure, fails, failed, fault, fehler, fehlermeldung, fehlgeschlagen, fallo, falla, '
      'erro, falha, erreur, échec, échoué, エラー, 失敗, 错误, 失败, 报错, خطأ, galti'),
    ('does not work',
      'broken, does not work, not working, doesn''t work, geht nicht, funktioniert nicht, kaputt, '
      'no funciona, não funciona, ne marche pas, ne fonctionne pas, 動かない, 動きません, 不能用, 没反应, 不工作, '
      'لا يعمل, nahi chal raha, kaam nahi'),
    ('crash',
      'crash, crashes, closes, abstürzen, stürzt ab, absturz, se cierra, cierra, trava, fecha sozinho, '
      'plante, plantage, クラッシュ, 落ちる, 落ちます, 崩溃, 闪退, يتعطل, band ho jata'),
    ('freeze',
      'freeze, freezes, hangs, stuck, hängt, eingefroren, bloqueado, colgado, congelado, travado, '
      'bloqué, figé, フリーズ, 固まる, 卡住, 卡死, معلق, atak'),
    ('slow',
      'slow, sluggish, lag, delay, delayed, late, langsam, verspätet, verzögert, lento, lenta, '
      'retraso, tarde, atraso, lent, retard, 遅い, 遅れ, 慢, 延迟, بطيء, تأخر'),
    ('empty',
      'empty, blank, white, nothing, leer, leere, weiß, vacío, vacía, en blanco, vazio, vazia, '
      'em branco, vide, blanc, blanche, 空, 真っ白, 空白, 白屏, فارغ, فارغة, khali'),
    ('missing',
      'missing, gone, disappeared, lost, vanished, absent, fehlt, fehlen, verschwunden, weg, verloren, '
      'falta, faltan, desaparecido, desapareció, perdido, sumiu, desapareceu, manque, manquant, '
      'disparu, perdu, 消えた, ない, なくなった, 不见了, 消失, 丢失, 没了, اختفى, اختفت, مفقود, gayab'),
    ('delete',
      'delete, deleted, remove, removed, löschen, gelöscht, entfernt, borrar, borrado, eliminar, '
      'eliminado, apagar, excluir, supprimer, supprimé, effacé, 削除, 删除, حذف'),
    ('save',
      'save, saved, speichern, gespeichert, guardar, guardado, salvar, enregistrer, sauvegarder, 保存, '
      'حفظ'),
    ('open',
      'open, opens, öffnen, öffnet, abrir, abre, ouvrir, ouvre, 開く, 開けない, 打开, يفتح, فتح, khul'),
    ('load',
      'load, loads, loading, spinner, spins, laden, lädt, cargar, carregar, carrega, charger, '
      'chargement, 読み込み, ロード, 加载, تحميل'),
    ('upload',
      'upload, uploaded, hochladen, hochgeladen, subir, enviar, téléverser, importer, アップロード, 上传, رفع'),
    ('download', 'download, herunterladen, descargar, baixar, télécharger, ダウンロード, 下载, تنزيل'),
    ('export', 'export, exportieren, exportar, exporter, エクスポート, 导出, تصدير'),
    ('import', 'import, importieren, einlesen, importar, importer, インポート, 导入, استيراد'),
    ('file', 'file, document, datei, dokument, archivo, fichero, arquivo, fichier, ファイル, 文件, ملف'),
    ('button', 'button, knopf, schaltfläche, botón, botão, bouton, ボタン, 按钮, زر, الزر'),
    ('click',
      'click, press, tap, klick, klicken, drücken, clic, pulsar, pulso, clicar, clico, cliquer, '
      'clique, クリック, 押す, 点击, 按, نقر, اضغط, dabane'),
    ('link', 'link, url, enlace, vínculo, lien, リンク, 链接, رابط, الرابط'),
    ('page',
      'page, site, website, seite, webseite, página, pagina, sitio, ページ, サイト, 页面, 网站, صفحة, الصفحة, '
      'الموقع'),
    ('form', 'form, formular, formulario, formulário, formulaire, フォーム, 表单, نموذج, النموذج'),
    ('send',
      'send, sent, submit, submitted, senden, gesendet, abgeschickt, verschickt, enviar, enviado, '
      'envoyer, envoyé, 送信, 送る, 发送, 提交, إرسال, أرسل'),
    ('receive',
      'receive, receives, arrive, arrives, reach, empfangen, ankommen, kommt an, kommt nicht, bekomme, '
      'recibir, recibo, llega, llegan, receber, recebo, chega, recevoir, reçois, reçu, 届く, 届かない, '
      '届きません, 受信, 收到, 收不到, يصل, aata, aaya, mila'),
    ('notification',
      'notification, push, alert, alerts, reminder, benachrichtigung, benachrichtigungen, erinnerung, '
      'notificación, notificaciones, recordatorio, aviso, notificação, notificações, lembrete, rappel, '
      '通知, リマインダー, 提醒, إشعار, إشعارات, الإشعارات, تذكير'),
    ('video',
      'video, clip, recording, aufnahme, aufzeichnung, vídeo, grabación, gravação, vidéo, '
      'enregistrement, 動画, ビデオ, 録画, 视频, 录像, فيديو, الفيديو'),
    ('sound',
      'sound, audio, voice, mute, silent, stumm, sonido, silencio, mudo, muet, 音, 音声, 声音, 没声音, صوت'),
    ('subtitles', 'subtitles, captions, untertitel, subtítulos, legendas, sous-titres, 字幕, ترجمة'),
    ('lesson',
      'lesson, lecture, class, module, chapter, lektion, modul, lección, módulo, aula, lição, leçon, '
      'cours, レッスン, 授業, モジュール, 课, 课程, 章节, درس, الدرس'),
    ('course', 'course, kurs, curso, cours, formation, コース, 講座, 课程, دورة, الدورة'),
    ('certificate',
      'certificate, diploma, zertifikat, certificado, diplôme, certificat, 証明書, 修了証, 证书, شهادة, الشهادة'),
    ('quiz',
      'quiz, exam, prüfung, frage, examen, pregunta, prova, pergunta, クイズ, テスト, 問題, 测验, 考试, اختبار'),
    ('exercise',
      'exercise, assignment, homework, workbook, worksheet, task, aufgabe, übung, arbeitsblatt, '
      'ejercicio, tarea, cuaderno, exercício, tarefa, exercice, devoir, cahier, 課題, ワークブック, 作业, 练习, '
      'تمرين'),
    ('progress',
      'progress, complete, completed, finished, fortschritt, abgeschlossen, fertig, progreso, '
      'completado, terminado, progresso, concluído, progrès, progression, terminé, 進捗, 完了, 进度, 完成, تقدم'),
    ('locked',
      'locked, lock, blocked, denied, forbidden, no access, gesperrt, verweigert, kein zugriff, '
      'bloqueado, denegado, sin acceso, negado, sem acesso, verrouillé, refusé, accès, ロック, アクセス権, 权限, '
      '没有权限, 锁定, مقفل, ممنوع, صلاحية'),
    ('member',
      'member, participant, user, people, mitglied, mitglieder, nutzer, benutzer, miembro, miembros, '
      'usuario, membro, usuário, membre, utilisateur, メンバー, 会員, ユーザー, 成员, 用户, عضو, الأعضاء, مستخدم'),
    ('event',
      'event, meeting, call, workshop, veranstaltung, treffen, termin, evento, reunión, reunião, '
      'événement, réunion, イベント, 会議, ミーティング, 会议, 活动, اجتماع, فعالية'),
    ('calendar',
      'calendar, date, day, schedule, kalender, datum, zeitplan, calendario, fecha, día, horario, '
      'calendário, dia, calendrier, jour, horaire, カレンダー, 日付, 日程, 日历, 日期, تاريخ, التقويم'),
    ('time zone',
      'timezone, time zone, utc, zeitzone, zona horaria, fuso horário, fuseau horaire, タイムゾーン, 时区, '
      'المنطقة الزمنية'),
    ('comment',
      'comment, reply, answer, kommentar, antwort, comentario, respuesta, comentário, resposta, '
      'commentaire, réponse, コメント, 返信, 评论, 回复, تعليق, رد'),
    ('post',
      'post, article, beitrag, artikel, publicación, artículo, publicação, artigo, publication, 投稿, '
      '記事, 帖子, 文章, منشور, مقال'),
    ('search',
      'search, find, suche, suchen, finden, gefunden, buscar, búsqueda, encontrar, pesquisa, '
      'recherche, chercher, trouver, 検索, 探す, 搜索, 查找, بحث'),
    ('setting',
      'setting, settings, option, preference, einstellung, einstellungen, configuración, ajustes, '
      'opción, configuração, configurações, paramètre, paramètres, réglage, 設定, 设置, 选项, إعدادات, '
      'الإعدادات'),
    ('switch off',
      'switch off, turn off, disable, disabled, ausschalten, deaktivieren, abschalten, apagar, '
      'desactivar, desativar, désactiver, couper, オフ, 無効, 关闭, 禁用, إيقاف, تعطيل, band karna'),
    ('change',
      'change, edit, modify, ändern, geändert, bearbeiten, cambiar, cambio, editar, modificar, mudar, '
      'alterar, changer, modifier, 変更, 編集, 修改, 更改, 编辑, تغيير, تعديل, badalna'),
    ('language',
      'language, translation, sprache, übersetzung, idioma, traducción, tradução, langue, traduction, '
      '言語, 翻訳, 语言, 翻译, لغة'),
    ('dark mode',
      'dark mode, dark theme, night mode, dunkelmodus, dunkles design, nachtmodus, modo oscuro, '
      'modo escuro, mode sombre, ダークモード, 深色模式, 夜间模式, الوضع الداكن'),
    ('keyboard', 'keyboard, typing, tastatur, teclado, clavier, キーボード, 键盘, لوحة المفاتيح'),
    ('screen', 'screen, display, monitor, bildschirm, pantalla, tela, écran, 画面, 屏幕, شاشة, الشاشة'),
    ('loop',
      'loop, again and again, over and over, endless, endlessly, redirect, redirects, schleife, '
      'endlos, immer wieder, bucle, una y otra vez, sem parar, boucle, sans fin, ループ, 繰り返し, 循环, 反复, '
      'تكرار, baar baar'),
    ('again',
      'again, repeatedly, erneut, wieder, otra vez, de nuevo, de novo, encore, à nouveau, また, 再び, 又, '
      '再次, مرة أخرى, phir se'),
    ('connection',
      'connection, connect, connected, disconnect, disconnects, disconnected, verbindung, verbinden, '
      'getrennt, conexión, conectar, desconecta, conexão, conectado, connexion, déconnecte, 接続, 切断, '
      '连接, 断开, اتصال'),
    ('timeout',
      'timeout, time out, times out, timed out, zeitüberschreitung, tiempo de espera, tempo esgotado, '
      'délai dépassé, タイムアウト, 超时, انتهت المهلة'),
    ('expired',
      'expired, expires, invalid, not valid, abgelaufen, ungültig, caducado, vencido, expirado, '
      'inválido, expiró, expiré, invalide, 期限切れ, 無効, 过期, 失效, 无效, منتهي, غير صالح'),
    ('install',
      'install, installation, setup, set up, installieren, instalar, instalación, installer, インストール, '
      '安装, تثبيت'),
    ('update',
      'update, upgrade, release, version, aktualisierung, aktualisieren, actualización, actualizar, '
      'atualização, atualizar, mise à jour, アップデート, 更新, 升级, 版本, تحديث, التحديث'),
    ('limit',
      'limit, quota, rate limit, grenze, kontingent, begrenzung, límite, cuota, limite, cota, 制限, 上限, '
      '限制, 额度, حد'),
    ('server', 'server, backend, host, servidor, serveur, サーバー, 服务器, خادم, السيرفر'),
    ('database',
      'database, db, postgres, table, datenbank, tabelle, base de datos, tabla, banco de dados, '
      'tabela, base de données, データベース, テーブル, 数据库, 表, قاعدة البيانات'),
    ('function', 'function, funktion, función, função, fonction, 関数, 機能, 函数, 功能, دالة'),
    ('variable',
      'variable, env, environment, umgebungsvariable, variables de entorno, variável, '
      'variáveis de ambiente, variable d''environnement, 環境変数, 变量, 环境变量, متغير'),
    ('key', 'key, secret, token, schlüssel, clave, llave, chave, clé, キー, 鍵, 密钥, مفتاح'),
    ('row',
      'row, record, entry, line, zeile, datensatz, eintrag, fila, registro, linha, ligne, '
      'enregistrement, 行, レコード, 记录, صف'),
    ('automation',
      'automation, flow, scenario, workflow, zap, automatisierung, ablauf, automatización, escenario, '
      'flujo, automação, fluxo, automatisation, scénario, 自動化, シナリオ, ワークフロー, 自动化, 流程, أتمتة'),
    ('run',
      'run, runs, start, starts, trigger, execute, fires, ausführen, läuft, startet, ejecutar, '
      'ejecuta, inicia, executar, executa, exécuter, lance, 実行, 動作, 运行, 执行, تشغيل'),
    ('completion',
      'completion, completions, autocomplete, suggestion, suggestions, inline, vervollständigung, '
      'vorschläge, autocompletado, sugerencias, autocompletar, sugestões, autocomplétion, 補完, 自动补全, '
      '补全, الإكمال'),
    ('assistant',
      'assistant, agent, bot, chatbot, model, assistent, modell, asistente, agente, modelo, '
      'assistente, modèle, エージェント, ボット, モデル, 助手, 模型, المساعد'),
    ('rule',
      'rule, instruction, instructions, regel, anweisung, regla, instrucción, regra, instrução, règle, '
      'consigne, ルール, 指示, 规则, 指令, قاعدة'),
    ('ignore', 'ignore, ignores, ignored, ignoriert, ignora, ignorar, 無視, 忽略, يتجاهل'),
    ('wrong',
      'wrong, incorrect, false, falsch, incorrecto, equivocado, errado, incorreto, faux, mauvais, 間違い, '
      '違う, 错, 不对, 错误, خطأ, galat'),
    ('space',
      'space, room, group, channel, raum, gruppe, kanal, espacio, sala, grupo, canal, espaço, espace, '
      'salle, groupe, スペース, ルーム, グループ, 空间, 群, 频道, مساحة, مجموعة, قناة'),
    ('credit',
      'credit, credits, balance, top-up, topped up, guthaben, aufladen, saldo, créditos, recarga, '
      'crédit, solde, クレジット, 残高, 余额, 积分, 充值, رصيد'),
    ('bonus',
      'bonus, reward, referral, empfehlung, prämie, recompensa, referido, indicação, parrainage, '
      'récompense, ボーナス, 紹介, 奖励, 推荐, مكافأة'),
    ('decimal',
      'decimal, comma, number, dezimal, komma, zahl, coma, número, vírgula, virgule, nombre, 小数, 数字, '
      'رقم'),
    ('browser', 'browser, chrome, safari, firefox, navegador, navigateur, ブラウザ, 浏览器, متصفح, المتصفح'),
    ('session', 'session, sitzung, sesión, sessão, セッション, 会话, جلسة'),
    ('memory', 'memory, ram, heap, leak, oom, speicher, memoria, memória, mémoire, メモリ, 内存, ذاكرة'),
    ('shipping',
      'shipping, delivery, parcel, versand, lieferung, paket, envío, entrega, paquete, livraison, '
      'colis, 配送, 发货, 快递, شحن')
) as c (concept, words)
cross join lateral (
  select distinct s.word from regexp_split_to_table(c.words, ', ') as s (word)
) as w;
