-- More words for the same: what people write about courses, communities, shops, tools and code.

insert into private.search_synonyms (concept, word)
select c.concept, w.word
from (
  values
    ('theme',
      'theme, design, skin, layout, background, hintergrund, tema, diseño, fondo, fundo, thème, fond, テーマ, '
      '背景, 主题, 背景色, خلفية, سمة'),
    ('dark',
      'dark, night, black, dunkel, nacht, schwarz, oscuro, noche, negro, escuro, noite, preto, sombre, '
      'nuit, noir, ダーク, 夜间, 深色, ليلي, داكن'),
    ('color', 'color, colour, colors, farbe, farben, cor, cores, couleur, 色, 颜色, لون'),
    ('battery', 'battery, power, akku, batterie, batería, bateria, バッテリー, 电池, بطارية'),
    ('currency',
      'currency, dollar, dollars, euro, euros, usd, eur, währung, moneda, moeda, devise, 通貨, 货币, عملة'),
    ('trial',
      'trial, test period, probezeit, probemonat, testphase, prueba gratis, período de teste, essai, '
      'essai gratuit, トライアル, 试用, تجربة مجانية'),
    ('seat',
      'seat, seats, license, licence, licenses, platz, lizenz, lizenzen, licencia, licença, siège, ライセンス, '
      '席位, 许可证, رخصة, ترخيص'),
    ('pause',
      'pause, suspend, hold, pausieren, aussetzen, pausar, suspender, suspendre, 一時停止, 休会, 暂停, توقف مؤقت'),
    ('payout',
      'payout, payouts, earnings, withdrawal, auszahlung, einnahmen, pago de ganancias, ganancias, saque, '
      'ganhos, versement, gains, 出金, 収益, 提现, 收益, أرباح, سحب'),
    ('bundle', 'bundle, package, pack, paket, paquete, pacote, lot, バンドル, 套餐, 礼包, باقة, حزمة'),
    ('gift', 'gift, present, geschenk, regalo, presente, cadeau, ギフト, プレゼント, 礼物, 礼品卡, هدية'),
    ('owner',
      'owner, admin, administrator, besitzer, inhaber, propietario, dueño, administrador, proprietário, '
      'dono, propriétaire, administrateur, 管理者, オーナー, 管理员, 所有者, مالك, مدير, مسؤول'),
    ('moderator', 'moderator, moderators, mod, mods, moderador, moderadores, modérateur, モデレーター, 版主, مشرف'),
    ('approve',
      'approve, accept, accepted, allow, grant, genehmigen, annehmen, akzeptieren, freigeben, aprobar, '
      'aceptar, aprovar, aceitar, approuver, accepter, 承認, 許可, 批准, 接受, 通过, موافقة, قبول'),
    ('reject',
      'reject, rejected, refuse, refused, decline, declined, deny, ablehnen, abgelehnt, rechazar, '
      'rechazado, recusar, recusado, rejeitado, refuser, refusé, rejeté, 拒否, 却下, 拒绝, رفض, مرفوض'),
    ('request',
      'request, requests, ask, asks, anfrage, anfragen, solicitud, solicitar, pedir, pedido, solicitação, '
      'demande, demander, リクエスト, 申請, 请求, 申请, طلب'),
    ('permission',
      'permission, permissions, right, rights, role, roles, recht, rechte, rolle, berechtigung, permiso, '
      'permisos, rol, permissão, permissões, papel, droit, droits, rôle, 権限, 权限, 角色, أذونات, دور'),
    ('attachment',
      'attachment, attachments, attached, anhang, anhänge, adjunto, adjuntos, anexo, anexos, pièce jointe, '
      'pièces jointes, 添付, 附件, مرفق, مرفقات'),
    ('recover',
      'recover, restore, undo, undelete, bring back, wiederherstellen, rückgängig, recuperar, restaurar, '
      'deshacer, desfazer, récupérer, restaurer, annuler, 復元, 元に戻す, 恢复, 撤销, 找回, استعادة, استرجاع'),
    ('backup',
      'backup, backups, recovery, copy, sicherung, sicherungskopie, copia de seguridad, respaldo, '
      'cópia de segurança, sauvegarde, バックアップ, 备份, نسخة احتياطية'),
    ('move',
      'move, moved, migrate, migration, migrating, transfer, switch, umziehen, umzug, verschieben, '
      'übertragen, mover, migrar, migración, trasladar, migração, transferir, déplacer, migrer, 移行, 移動, '
      '引っ越し, 迁移, 转移, نقل'),
    ('copy',
      'copy, copied, copies, clone, duplicate, duplicated, kopie, kopieren, kopiert, duplizieren, copia, '
      'copiar, duplicar, cópia, copier, dupliquer, コピー, 複製, 复制, 拷贝, نسخ, نسخة'),
    ('rename',
      'rename, renamed, umbenennen, umbenannt, renombrar, renomear, renommer, 名前変更, 重命名, 改名, إعادة تسمية'),
    ('name',
      'name, names, surname, namen, nachname, nombre, apellido, nome, sobrenome, nom, prénom, 名前, 氏名, 名字, '
      '姓名, اسم'),
    ('rotate',
      'rotate, rotated, sideways, upside down, gedreht, drehen, girada, rotar, girar, tourner, 回転, 旋转, '
      'تدوير'),
    ('blurry',
      'blurry, blurred, pixelated, sharp, unscharf, verschwommen, borroso, borrosa, embaçado, flou, floue, '
      'ぼやけ, 模糊, ضبابي'),
    ('camera', 'camera, webcam, kamera, cámara, câmera, caméra, カメラ, 摄像头, 相机, كاميرا'),
    ('microphone', 'microphone, mic, mikrofon, micrófono, microfone, micro, マイク, 麦克风, ميكروفون'),
    ('deploy',
      'deploy, deployed, deployment, production, prod, live site, bereitstellen, bereitgestellt, '
      'despliegue, desplegar, producción, implantação, publicação, produção, déploiement, déployer, デプロイ, '
      '本番, 部署, 上线, 生产环境, نشر'),
    ('build',
      'build, builds, compile, compiles, compiling, bundle, kompilieren, compilar, compilación, '
      'compilação, construir, compiler, ビルド, 编译, 构建, بناء'),
    ('container',
      'container, docker, image, images, compose, contenedor, contêiner, conteneur, コンテナ, 容器, حاوية'),
    ('kill',
      'kill, killed, oomkilled, terminated, die, dies, died, dead, getötet, stirbt, matado, muere, morto, '
      'morre, tué, meurt, 強制終了, 被杀, 挂了'),
    ('schedule',
      'schedule, scheduled, scheduler, cron, cronjob, job, timer, planmäßig, geplant, zeitgesteuert, '
      'programado, programar, tarea programada, agendado, agendar, planifié, スケジュール, 定期, 定时, 计划任务, جدولة, '
      'مجدول'),
    ('hour', 'hour, hours, stunde, stunden, hora, horas, heure, heures, 時間, 小时, ساعة, ساعات'),
    ('minute', 'minute, minutes, minuten, minuto, minutos, 分, 分钟, دقيقة, دقائق'),
    ('week',
      'week, weeks, weekly, monday, sunday, woche, wochen, wöchentlich, montag, semana, semanas, lunes, '
      'segunda, semaine, lundi, 週, 毎週, 每周, 星期, 周一, أسبوع'),
    ('month',
      'month, months, monthly, monat, monate, monatlich, mes, meses, mensual, mês, mensal, mois, mensuel, '
      '月, 毎月, 每月, شهر, شهري'),
    ('year',
      'year, years, annual, yearly, jahr, jahre, jährlich, año, años, anual, ano, an, année, annuel, 年, '
      '毎年, 每年, سنة, سنوي'),
    ('morning', 'morning, mornings, morgen, mañana, manhã, matin, 朝, 早上, صباح'),
    ('day',
      'day, days, daily, tag, tage, täglich, día, días, diario, dia, dias, diário, jour, jours, quotidien, '
      '日, 毎日, 每天, يوم, أيام'),
    ('redirect',
      'redirect, redirects, redirected, redirection, forward, weiterleitung, umleitung, weitergeleitet, '
      'redirección, redirige, redireciona, redirecionamento, rediriger, リダイレクト, 转发, 重定向, 跳转, إعادة توجيه'),
    ('domain', 'domain, dns, subdomain, cname, domäne, dominio, domínio, domaine, ドメイン, 域名, نطاق, دومين'),
    ('ssl',
      'ssl, tls, https, certificate, secure, sicher, zertifikat, certificado, seguro, certificat, '
      'sécurisé, 証明書, 安全, 证书, شهادة, آمن'),
    ('cookie',
      'cookie, cookies, banner, consent, einwilligung, consentimiento, consentimento, consentement, クッキー, '
      '同意, شريط'),
    ('terms',
      'terms, conditions, agree, agreement, agb, bedingungen, zustimmen, términos, condiciones, termos, '
      'condições, conditions générales, 規約, 条款, 协议, شروط'),
    ('privacy',
      'privacy, gdpr, personal data, datenschutz, dsgvo, privacidad, privacidade, confidentialité, rgpd, '
      'プライバシー, 隐私, خصوصية'),
    ('phishing',
      'phishing, scam, fraud, fake, genuine, betrug, echt, estafa, fraude, golpe, arnaque, faux, 詐欺, 诈骗, '
      '钓鱼, احتيال'),
    ('public',
      'public, publicly, visible, anybody, everybody, öffentlich, sichtbar, público, visible para todos, '
      'visível, publique, 公開, 公开, عام'),
    ('private',
      'private, hidden, secret, invisible, privat, versteckt, privado, oculto, escondido, privé, caché, '
      '非公開, 私有, 隐藏, خاص, مخفي'),
    ('share',
      'share, shared, sharing, hand over, teilen, geteilt, weitergeben, compartir, compartido, '
      'compartilhar, partager, partagé, 共有, シェア, 分享, 共享, مشاركة'),
    ('customer',
      'customer, customers, client, clients, buyer, buyers, kunde, kunden, käufer, cliente, clientes, '
      'comprador, acheteur, 顧客, お客, 客户, 顾客, عميل, عملاء, زبون'),
    ('company',
      'company, business, employer, organization, firm, firma, unternehmen, arbeitgeber, empresa, '
      'compañía, entreprise, société, 会社, 企業, 公司, 企业, شركة'),
    ('colleague',
      'colleague, colleagues, coworker, coworkers, teammate, employee, employees, staff, kollege, '
      'kollegen, kollegin, mitarbeiter, compañero, compañeros, empleados, colega, colegas, funcionários, '
      'collègue, collègues, 同僚, 社員, 同事, 员工, زميل, موظف, موظفين'),
    ('team', 'team, teams, group, equipo, equipe, time, équipe, チーム, 团队, فريق'),
    ('student',
      'student, students, learner, pupil, schüler, studenten, teilnehmer, alumno, alumnos, estudiante, '
      'aluno, alunos, estudante, élève, étudiant, 生徒, 学生, 学员, طالب, طلاب'),
    ('teacher',
      'teacher, instructor, coach, tutor, mentor, lehrer, dozent, profesor, professor, instrutor, '
      'enseignant, formateur, 先生, 講師, 老师, 讲师, معلم, مدرب'),
    ('slides',
      'slides, presentation, deck, folien, präsentation, diapositivas, presentación, slide, apresentação, '
      'diapos, présentation, スライド, 幻灯片, 课件, شرائح'),
    ('grade',
      'grade, score, points, mark, marked, note, punkte, bewertung, nota, puntos, puntuación, pontos, '
      'pontuação, 点数, 採点, 分数, 成绩, درجة, نقاط'),
    ('workshop',
      'workshop, session, webinar, cohort, live call, seminar, taller, sesión, seminario, oficina, sessão, '
      'atelier, séance, ワークショップ, 研讨会, ورشة'),
    ('stream',
      'stream, streaming, live stream, broadcast, live, übertragung, en vivo, en directo, transmisión, '
      'ao vivo, transmissão, direct, diffusion, 配信, ライブ, 直播, بث'),
    ('recording',
      'recording, recordings, replay, aufzeichnung, grabación, gravação, rediffusion, 録画, アーカイブ, 回放, تسجيل'),
    ('speed',
      'speed, playback, rate, geschwindigkeit, tempo, velocidad, velocidade, vitesse, 速度, 再生速度, 倍速, سرعة'),
    ('offline',
      'offline, no internet, without connection, ohne internet, sin conexión, sem internet, hors ligne, '
      'オフライン, 离线, بدون انترنت'),
    ('network', 'network, wifi, wi-fi, wlan, netzwerk, netz, red, rede, réseau, ネットワーク, 网络, شبكة'),
    ('reach',
      'reach, reached, reachable, unreachable, connect, erreichbar, erreichen, unerreichbar, alcanzable, '
      'acceder, acessível, alcançar, joignable, accessible, 到達, 连不上, 访问不了, الوصول'),
    ('print',
      'print, printed, printer, printing, drucken, gedruckt, drucker, imprimir, impreso, impressora, '
      'imprimer, imprimante, 印刷, 打印, طباعة'),
    ('pdf', 'pdf, ebook, e-book, book, buch, libro, livro, livre, 電子書籍, 本, 电子书, كتاب'),
    ('archive',
      'archive, archived, archiv, archivieren, archivar, archivado, arquivar, arquivado, archiver, アーカイブ, '
      '归档, أرشيف'),
    ('draft', 'draft, drafts, entwurf, entwürfe, borrador, rascunho, brouillon, 下書き, 草稿, مسودة'),
    ('publish',
      'publish, published, publishing, veröffentlichen, veröffentlicht, publicar, publicado, publier, '
      'publié, 公開する, 发布, نشر'),
    ('version',
      'version, versions, release, history, versionen, verlauf, versión, historial, versão, histórico, '
      'historique, バージョン, 履歴, 历史, إصدار'),
    ('mention',
      'mention, mentions, tag, tagged, erwähnung, erwähnen, markiert, mención, mencionar, etiquetar, '
      'menção, marcar, mentionner, メンション, 提到, 提及, إشارة'),
    ('reaction',
      'reaction, reactions, like, likes, heart, emoji, emojis, smiley, reagieren, reaktion, herz, '
      'reacción, corazón, reação, coração, curtida, réaction, cœur, リアクション, いいね, 表情, 点赞, تفاعل, إعجاب'),
    ('vote',
      'vote, votes, poll, polls, survey, abstimmung, umfrage, stimmen, voto, votar, encuesta, enquete, '
      'votação, sondage, voter, 投票, アンケート, 问卷, استطلاع, تصويت'),
    ('deadline',
      'deadline, due, closes, end time, frist, abgabe, fecha límite, plazo, prazo, échéance, délai, 締め切り, '
      '期限, 截止, موعد نهائي'),
    ('waitlist',
      'waitlist, waiting list, queue, warteliste, warteschlange, lista de espera, cola, fila, '
      'file d''attente, liste d''attente, 待機, キャンセル待ち, 候补, 排队, قائمة انتظار'),
    ('sold out',
      'sold out, full, fully booked, ausgebucht, ausverkauft, agotado, lleno, esgotado, lotado, complet, '
      '満席, 完売, 售罄, 满员, ممتلئ'),
    ('booking',
      'booking, bookings, book, appointment, appointments, reservation, buchung, buchen, termin, termine, '
      'reserva, reservar, cita, agendamento, réservation, rendez-vous, réserver, 予約, 预约, 预订, حجز, موعد'),
    ('order',
      'order, orders, purchase, purchases, bought, bestellung, kauf, gekauft, pedido, compra, comprado, '
      'compré, comprei, commande, achat, acheté, 注文, 購入, 订单, 购买, 买, طلب, شراء, اشتريت, kharida'),
    ('checkout',
      'checkout, cart, basket, kasse, warenkorb, carrito, pago, carrinho, panier, caisse, カート, レジ, 结账, '
      '购物车, سلة'),
    ('shop', 'shop, store, laden, geschäft, tienda, loja, boutique, magasin, ショップ, 店, 商店, 店铺, متجر'),
    ('bill',
      'bill, billing, invoice, abrechnung, facturación, cobrança, faturamento, facturation, 請求, 计费, فوترة'),
    ('country',
      'country, countries, region, abroad, land, länder, ausland, país, países, extranjero, exterior, '
      'pays, étranger, 国, 海外, 国家, 国外, بلد, دولة'),
    ('location',
      'location, place, gps, standort, ort, ubicación, lugar, localização, lieu, 位置情報, 場所, 位置, 地点, موقع'),
    ('document',
      'document, documents, id card, passport, identity, ausweis, reisepass, dokument, documento, '
      'pasaporte, identidad, identidade, passaporte, pièce d''identité, identité, passeport, 身分証, 书类, 身份证, '
      '护照, هوية, جواز'),
    ('merge',
      'merge, merged, combine, join, zusammenführen, zusammenlegen, vereinigen, fusionar, unir, juntar, '
      'mesclar, fusionner, 統合, まとめる, 合并, دمج'),
    ('sync',
      'sync, synced, synchronize, synchronization, synchronisieren, synchronisation, sincronizar, '
      'sincronización, sincronização, synchroniser, 同期, 同步, مزامنة'),
    ('spreadsheet',
      'spreadsheet, sheet, sheets, excel, csv, tabelle, tabellen, hoja de cálculo, hoja, planilha, '
      'tableur, feuille, スプレッドシート, エクセル, 表格, 电子表格, جدول'),
    ('encoding',
      'encoding, umlaut, umlauts, accents, charset, utf-8, garbled, mojibake, umlaute, sonderzeichen, '
      'tildes, caracteres, acentos, caractères, 文字化け, 乱码, ترميز'),
    ('column',
      'column, columns, field, fields, attribute, spalte, spalten, feld, felder, columna, campo, campos, '
      'coluna, colonne, champ, champs, 列, カラム, 項目, 字段, عمود, حقل, خانة'),
    ('query',
      'query, queries, select, sql, abfrage, abfragen, consulta, consultas, requête, requêtes, クエリ, 查询, '
      'استعلام'),
    ('index', 'index, indexes, seq scan, full scan, índice, índices, インデックス, 索引, فهرس'),
    ('migration',
      'migration, migrations, schema, alter table, migración, esquema, migração, schéma, マイグレーション, スキーマ, '
      '数据库迁移'),
    ('webhook', 'webhook, webhooks, callback, endpoint, hook, rückruf, ウェブフック, 回调, webhook url'),
    ('signature',
      'signature, signatures, hash, hmac, digest, signatur, prüfsumme, firma digital, assinatura, 署名, 签名, '
      'توقيع'),
    ('api', 'api, rest, endpoint, schnittstelle, interfaz, interface, インターフェース, 接口, واجهة'),
    ('token', 'token, tokens, bearer, jwt, oauth, トークン, 令牌, توكن'),
    ('cors', 'cors, access-control-allow-origin, cross origin, preflight, 跨域'),
    ('undefined',
      'undefined, null, nil, none, empty value, not defined, nicht definiert, no definido, indefinido, '
      'non défini, 未定義, 未定义, غير معرف'),
    ('type', 'type, types, typescript, typing, typ, typen, tipo, tipos, tipado, 型, 类型, نوع'),
    ('test', 'test, tests, suite, spec, specs, testing, prueba, pruebas, teste, testes, テスト, 测试, اختبار'),
    ('package',
      'package, packages, library, dependency, dependencies, module, npm, pip, sdk, paket, bibliothek, '
      'abhängigkeit, paquete, librería, dependencia, pacote, biblioteca, dependência, bibliothèque, '
      'dépendance, パッケージ, ライブラリ, 依赖, 包, 库, مكتبة, حزمة'),
    ('command line',
      'command line, cli, terminal, shell, console, konsole, kommandozeile, línea de comandos, consola, '
      'linha de comando, ligne de commande, コマンド, ターミナル, 终端, 命令行, سطر الأوامر'),
    ('editor', 'editor, ide, vscode, vs code, code editor, éditeur, エディタ, 编辑器, محرر'),
    ('extension',
      'extension, extensions, plugin, plugins, add-on, addon, erweiterung, extensión, complemento, '
      'extensão, 拡張機能, プラグイン, 插件, 扩展, إضافة'),
    ('format',
      'format, formatting, formatieren, formatierung, formato, formatear, formatação, formatage, フォーマット, '
      '格式, تنسيق'),
    ('diff',
      'diff, changes, changed lines, änderungen, cambios, mudanças, alterações, modifications, 差分, '
      '改动'),
    ('overwrite',
      'overwrite, overwritten, replace, replaces, replaced, rewrite, rewrites, überschreiben, ersetzt, '
      'sobrescribir, reemplaza, sobrescrever, substitui, écraser, remplace, 上書き, 覆盖, 替换, استبدال'),
    ('git',
      'git, commit, commits, push, pushed, pull, branch, repository, repo, github, gitlab, コミット, リポジトリ, '
      '提交, 仓库'),
    ('leak',
      'leak, leaked, exposed, published by mistake, compromised, geleakt, offengelegt, filtrado, expuesto, '
      'vazou, exposto, fuite, exposé, 漏洩, 泄露, تسرب'),
    ('hallucination',
      'hallucination, hallucinated, hallucinates, invents, invented, made up, erfindet, erfunden, inventa, '
      'inventado, alucina, invente, halluciner, 幻覚, 捏造, 幻觉, 编造, هلوسة'),
    ('prompt', 'prompt, prompts, instruction, system prompt, eingabeaufforderung, プロンプト, 提示词, موجه'),
    ('context',
      'context, context window, context length, history, kontext, kontextfenster, contexto, contexte, '
      'コンテキスト, 上下文, سياق'),
    ('embedding',
      'embedding, embeddings, vector, vectors, semantic, dimension, dimensions, vektor, vektoren, '
      'vectores, vetor, vetores, vecteur, ベクトル, 埋め込み, 向量, متجه'),
    ('embed',
      'embed, embedded, iframe, snippet, widget, einbetten, eingebettet, incrustar, incrustado, '
      'incorporar, incorporado, intégrer, intégré, 埋め込む, 嵌入, تضمين'),
    ('sitemap',
      'sitemap, seo, search engine, google search, indexed, noindex, suchmaschine, buscador, '
      'mecanismo de busca, moteur de recherche, 検索エンジン, 搜索引擎, محرك البحث'),
    ('accessibility',
      'accessibility, screen reader, blind, screenreader, barrierefrei, vorlesen, accesibilidad, '
      'lector de pantalla, ciego, acessibilidade, leitor de tela, accessibilité, lecteur d''écran, '
      'aveugle, スクリーンリーダー, 读屏, 无障碍, قارئ الشاشة'),
    ('shortcut',
      'shortcut, shortcuts, hotkey, hotkeys, key binding, tastenkürzel, kurzbefehl, atajo, atajos, atalho, '
      'raccourci, ショートカット, 快捷键, اختصار'),
    ('menu',
      'menu, menus, navigation, sidebar, menü, seitenleiste, menú, barra lateral, barre latérale, メニュー, '
      'サイドバー, 菜单, 侧边栏, قائمة'),
    ('cover',
      'cover, covers, covered, overlap, overlaps, on top of, hidden behind, verdeckt, überlappt, tapa, '
      'cubre, cobre, recouvre, cache, 隠れる, 被, 挡住, 遮挡, يغطي'),
    ('jump',
      'jump, jumps, shift, shifted, off by, springt, verschoben, salta, desplazado, pula, deslocado, '
      'décalé, décalage, ずれる, ずれ, 偏移, 错位, إزاحة'),
    ('early', 'early, too early, before, zu früh, temprano, antes, cedo, tôt, trop tôt, 早く, 提前, مبكر'),
    ('prevent',
      'prevent, avoid, stop, block, verhindern, vermeiden, evitar, impedir, prevenir, empêcher, éviter, '
      '防ぐ, 防止, 避免, منع'),
    ('charge fee',
      'fee, surcharge, gebühren, tarifa, comisión, taxa, frais, commission, 手数料, 手续费, رسوم, عمولة'),
    ('difference',
      'difference, prorate, prorated, pro rata, rest, anteilig, differenz, diferencia, prorrateo, '
      'proporcional, diferença, prorata, différence, 差額, 日割り, 差价, فرق'),
    ('stranger',
      'strangers, others, other users, everybody, fremde, andere, otros usuarios, outros usuários, '
      'autres utilisateurs, 他人, 別人, 别人, 其他用户, الآخرين'),
    ('row level security',
      'row level security, rls, policy, policies, richtlinie, política, políticas, política de segurança, '
      'politique, ポリシー, 策略, سياسة'),
    ('queue worker',
      'worker, workers, queue, job, background job, cola de trabajos, fila de trabalho, ワーカー, キュー, 队列, '
      'طابور'),
    ('log', 'log, logs, logfile, protokoll, registro de errores, journal, ログ, 日志, سجل'),
    ('parse', 'parse, parsed, parsing, parser, json, einlesen, parsear, analisar, analyser, パース, 解析, تحليل'),
    ('upper limit', 'quota, allowance, contingent, kontingent, cupo, cota, クォータ, 配额, حصة'),
    ('timeout error', '504, gateway timeout, 502, bad gateway, 503'),
    ('unauthorized',
      '401, unauthorized, 403, forbidden, unauthenticated, nicht autorisiert, no autorizado, '
      'não autorizado, non autorisé, 未認証, 未授权, غير مصرح'),
    ('not found',
      '404, not found, page not found, nicht gefunden, no encontrado, não encontrado, introuvable, '
      '見つかりません, 找不到, غير موجود'),
    ('too many requests',
      '429, too many requests, rate limited, rate limit, throttled, zu viele anfragen, '
      'demasiadas solicitudes, muitas solicitações, trop de requêtes, リクエストが多すぎ, 请求过多'),
    ('server error',
      '500, internal server error, serverfehler, error del servidor, erro no servidor, erreur serveur, '
      'サーバーエラー, 服务器错误, خطأ في الخادم')
) as c (concept, words)
cross join lateral (
  select distinct s.word from regexp_split_to_table(c.words, ', ') as s (word)
) as w;
