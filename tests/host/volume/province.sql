-- What five years leave behind: nearly everything has ended. One line of `past` is one payment and all that came of it.
-- `past` is made by province.py: n from 1, a moment of the five years, one of the last eighty days, one of the last day, a
-- resident, a mini-app. What is forgotten some time after it was over is there as far as it is not forgotten yet.

INSERT INTO resident (id, phone_hash, phone_sealed, assurance, created_at)
SELECT resident, resident, '', 0, min(at) FROM past GROUP BY resident;
INSERT INTO session (id, secret_hash, resident_id, browser, created_at, seen_at, expires_at, ended_at)
SELECT 'ses_' || id, 'ses_' || id, resident, 'test', recent, recent, recent + interval '14 days', CASE n % 2 WHEN 0 THEN recent END FROM past;
INSERT INTO app_session
    (secret_hash, app_id, resident_id, session_id, version, locale, look, created_at, expires_at, told)
SELECT 'aps_' || id, app, resident, 'ses_' || id, '1.0.0', 'zh', 'standard', today, today, '' FROM past;
INSERT INTO launch_ticket (secret_hash, app_id, resident_id, session_id, expires_at, used_at)
SELECT 'tic_' || id, app, resident, 'ses_' || id, today, today FROM past;
INSERT INTO one_time_code (id, phone_hash, phone_sealed, purpose, code_hash, tries, created_at, expires_at, used_at)
SELECT 'cod_' || id, CASE n % 3000 WHEN 0 THEN resident ELSE id END, '', 'sign_in', '', 1, today, today, today FROM past;
INSERT INTO data_access (id, resident_id, app_id, fields, purpose, at)
SELECT 'acc_' || id, resident, app, 'name', '用姓名称呼您', at FROM past;
INSERT INTO notice
    (id, resident_id, app_id, source_id, title_zh, title_en, text_zh, text_en, link, created_at, read_at)
SELECT 'ntc_' || id, resident, app, 'ntc_' || id, '已付款', 'Paid', '', '', '/payments/ord_' || id, recent, recent FROM past;
INSERT INTO mandate (id, representee_id, delegate_id, app_id, scopes, payment_cap_fen, month_cap_fen, state, starts_at,
    ends_at, created_at, ended_at)
SELECT 'man_' || id, resident, 'res_1', app, 'identity.name', 100, 100, 'lapsed', at, at + interval '1 day', at, at FROM past
WHERE n % 50 = 0 AND resident <> 'res_1';
INSERT INTO mandate_use (id, mandate_id, kind, month, at)
SELECT 'use_' || replace(id, 'man_', ''), id, 'opened', '2022-01-01', starts_at FROM mandate;

INSERT INTO payment_order (id, app_id, payee, payee_title, payee_publisher, resident_id, title, amount_fen, currency,
    reference, return_path, state, reserved_fen, refunded_fen, created_at, expires_at, ended_at)
SELECT 'ord_' || id, app, 'merchant:' || app || ':payable', app, 'Cooperative', resident, '一杯茶', 800, 'CNY', 'no ' || n,
    '/', state, given, given, at, at + interval '30 minutes', at FROM past, LATERAL (
        SELECT CASE WHEN n % 100 < 70 THEN 'closed' WHEN n % 100 < 90 THEN 'paid' WHEN n % 100 < 94 THEN 'refunded'
            WHEN n % 100 < 97 THEN 'expired' ELSE 'cancelled' END AS state,
            CASE WHEN n % 100 BETWEEN 90 AND 93 THEN 800 ELSE 0 END AS given) AS came;
INSERT INTO payment_attempt (id, order_id, channel, form_key, state, amount_fen, currency, channel_ref, queries, ask_at,
    created_at, ended_at)
SELECT 'att_' || id, 'ord_' || id, channel, 'form', CASE WHEN n % 100 < 94 THEN 'settled' WHEN n % 100 < 97
    THEN 'declined' ELSE 'refunded' END, 800, 'CNY', 'bank ' || n, 1, at, at, at FROM past;
INSERT INTO payment_refund
    (id, order_id, attempt_id, key, late, amount_fen, currency, reason, state, queries, ask_at, created_at, ended_at)
SELECT 'ref_' || id, 'ord_' || id, 'att_' || id, 'k1', n % 100 > 96, 800, 'CNY', '茶凉了',
    CASE WHEN n % 100 BETWEEN 70 AND 71 OR n % 100 = 97 THEN 'failed' ELSE 'succeeded' END, 1, at, at, at FROM past
WHERE n % 100 BETWEEN 70 AND 71 OR n % 100 BETWEEN 90 AND 93 OR n % 100 > 96;
INSERT INTO payment_refund
    (id, order_id, attempt_id, key, late, amount_fen, currency, reason, state, queries, ask_at, created_at, ended_at)
SELECT 'reg_' || id, 'ord_' || id, 'att_' || id, 'k2', true, 800, 'CNY', 'late', 'succeeded', 1, at, at, at FROM past
WHERE n % 100 = 97;
INSERT INTO payment_receipt (number, order_id, issued_at) SELECT 'YM2' || id, 'ord_' || id, at FROM past WHERE n % 100 < 94;
INSERT INTO payment_red_receipt (number, refund_id, issued_at)
SELECT 'YM3' || id, id, ended_at FROM payment_refund WHERE state = 'succeeded' AND NOT late;
INSERT INTO payment_idempotency (scope, key, fingerprint, answer, created_at) SELECT app, id, '', '{}', recent FROM past;
INSERT INTO payment_channel_notice (channel, nonce, notice_id, attempt_id, heard_at, acted_at)
SELECT channel, id, id, 'att_' || id, recent, recent FROM past;

INSERT INTO ledger_account (code, currency) SELECT DISTINCT code, 'CNY' FROM past, LATERAL (
    VALUES ('merchant:' || app || ':payable'), ('channel:' || channel || ':clearing'), ('wallet:' || resident)) AS v(code);
INSERT INTO journal_transaction (id, key, fingerprint, kind, about, recorded_at)
SELECT n * 1024, 'take:att_' || id, '', 'post', 'ord_' || id, at FROM past WHERE n % 100 < 94;
INSERT INTO journal_entry (account_id, account_seq, transaction_id, line, amount, held, awaited, balance)
SELECT a.id, row_number() OVER by_account, n * 1024, line, fen, 0, 0, sum(fen) OVER by_account
FROM past, LATERAL (VALUES (1, 'merchant:' || app || ':payable', 800),
    (2, CASE channel WHEN 'wallet' THEN 'wallet:' || resident ELSE 'channel:' || channel || ':clearing' END, -800)
    ) AS v(line, code, fen) JOIN ledger_account a USING (code) WHERE n % 100 < 94
WINDOW by_account AS (PARTITION BY a.id ORDER BY n);
UPDATE ledger_account a SET balance = e.balance, seq = e.seq FROM (
    SELECT account_id, max(account_seq) AS seq, sum(amount) AS balance FROM journal_entry GROUP BY account_id) AS e
WHERE e.account_id = a.id;
UPDATE journal_lane SET seq = (SELECT max(n) FROM past);

INSERT INTO outbox_event (id, type, subject, data, created_at, looked_at)
SELECT 'evt_' || id, 'yimen.payment.settled', 'ord_' || id, '{}', recent, recent FROM past;
INSERT INTO webhook_endpoint (id, app_id, url, types, state, failures, created_at)
SELECT 'hook_' || app, app, 'https://' || app || '.test', '[]', 'active', 0, min(at) FROM past GROUP BY app;
INSERT INTO webhook_delivery (endpoint_id, event_id, subject, sequence, state, attempts, last_status, last_at, created_at)
SELECT 'hook_' || app, 'evt_' || id, 'ord_' || id, 1, 'delivered', 1, 204, recent, recent FROM past
WHERE app <> 'app9' OR n < (SELECT max(n) / 10 FROM past) ORDER BY n;

INSERT INTO coupon_campaign (id, title, department, face_fen, threshold_fen, currency, stock, budget_fen, per_person,
    resident_regions, merchant_regions, merchant_classes, stack_group, claim_from, claim_until, use_from, use_until, state,
    issued, planner, first_approver, second_approver, created_at)
SELECT 'cam_' || n, '喝茶节', '商务厅', 100, 200, 'CNY', 1000000, 100000000, 1, '{}', '{}', '{}', '', at, at + interval '1 hour',
    at, at + interval '2 hours', 'settled', 100, 'a', 'b', 'c', at FROM past WHERE n <= 100;
INSERT INTO coupon (person, campaign_id, slot, id, resident_id, region, stack_group, state, order_id, claimed_at, changed_at)
SELECT md5(resident)::uuid, 'cam_' || (n % 100 + 1), n / 100, 'cou_' || id, resident, '530000', '',
    CASE n % 2 WHEN 0 THEN 'used' ELSE 'expired' END, CASE n % 2 WHEN 0 THEN 'ord_' || id END, at, at FROM past
WHERE n < (SELECT max(n) FROM past);
INSERT INTO coupon_share
    (attempt_id, coupon_id, campaign_id, fen, order_fen, region, merchant_class, settled_at)
SELECT 'att_' || replace(id, 'cou_', ''), id, campaign_id, 100, 800, region, 'tea', changed_at FROM coupon WHERE state = 'used';

INSERT INTO merchant (id, app_id, code, legal_name, credit_code, bank, account_sealed, account_tail, state, applicant,
    reviewer, kind, regions, reserve_bp, reserve_days, settle_days, approved_at, changed_at)
SELECT app, app, 'self', app, '', '', '', '', 'approved', 'a', 'b', 'tea', '{530000}', 100, 30, 1, min(at), min(at)
FROM past GROUP BY app;
INSERT INTO settlement_batch (id, merchant_id, after_seq, previous_seq, last_seq, lines, gross_fen, fee_fen, reserve_fen,
    released_fen, carried_in_fen, payout_fen, carried_out_fen, reserve_until, released_by, state, closed_at, ended_at, tries)
SELECT 'bat_' || m.id || lpad(to_seq::text, 26, '0'), m.id, from_seq, nullif(from_seq, 0), to_seq, 1, 800, 0, 0, 0, 0, 800, 0,
    t.recorded_at, 'bat', 'paid', t.recorded_at, t.recorded_at, 1
FROM merchant m JOIN ledger_account a ON a.code = 'merchant:' || m.id || ':payable', LATERAL (
    SELECT lag(account_seq, 1, 0) OVER (ORDER BY account_seq) AS from_seq, account_seq AS to_seq, transaction_id
    FROM journal_entry WHERE account_id = a.id AND (account_seq % 10 = 0 OR account_seq = a.seq)) AS cut
    JOIN journal_transaction t ON t.id = cut.transaction_id;
INSERT INTO reconciliation_run (source, day, state, lines_here, lines_there, ours_fen, theirs_fen, breaks, breaks_fen, ran_at,
    fees_fen, fees_due)
SELECT 'sandbox-bank', day, 'done', 1, 1, 800, 800, 0, 0, at, 5, false FROM (SELECT DISTINCT ON (at::date) at::date AS day, at FROM past) AS d;
INSERT INTO reconciliation_booked_fee (source, day, fen, postings) SELECT source, day, fees_fen, 1 FROM reconciliation_run;
INSERT INTO reconciliation_break (id, source, day, kind, way, ref, channel_ref, ordinal, currency, ours_fen, theirs_fen,
    difference_fen, state, resolution, found_at, ended_at)
SELECT 'brk_' || id, 'sandbox-bank', at::date, 'missing_here', 'payment', 'att_' || id, '', 1, 'CNY', 0, 800, 800, 'resolved', 'timing',
    at, at FROM past WHERE n % 20 = 0;

INSERT INTO registry.publisher (id, name, title, state, created_at) SELECT 'pub', 'pub', 'Cooperative', 'active', min(at) FROM past;
INSERT INTO registry.publisher_member (publisher_id, subject, role, added_at)
SELECT 'pub', 'res_1', 'owner', min(at) FROM past;
INSERT INTO registry.app (id, skeleton, distribution, publisher_id, state, created_at)
SELECT app, app, 'yimen-' || app, 'pub', 'active', min(at) FROM past GROUP BY app;
INSERT INTO registry.app (id, skeleton, distribution, publisher_id, state, created_at)
SELECT 'gone' || n, 'gone' || n, 'yimen-gone' || n, 'pub', 'removed', at FROM past WHERE n % 150 = 0;
INSERT INTO registry.token (id, hash, name, publisher_id, created_by, created_at) SELECT 'tok', 'tok', 'tok', 'pub', 'a', min(at) FROM past;
INSERT INTO registry.build (id, app_id, version, file_name, size, sha256, blake2_256, tree_digest, module, manifest,
    metadata_text, metadata_sha256, attestations, token_id, uploaded_by, uploaded_at)
SELECT 'bui_' || id, app, '0.' || n, 'file ' || n, 1, '', '', '', '', jsonb_build_object('id', app, 'title', '{"zh": "茶", "en": "Tea"}'::jsonb, 'category', 'life', 'sdk', '>=1.0,<2'), '', '', '[]', 'tok', 'a', at FROM past WHERE n % 200 = 0;
INSERT INTO registry.submission (id, build_id, app_id, publisher_id, version, state, tree_digest, manifest, note, two_people,
    blocked, submitted_by, uploaded_by, submitted_at, changed_at)
SELECT replace(id, 'bui_', 'sub_'), id, app_id, 'pub', version, 'withdrawn', '', manifest, '', false, false, 'a', 'a', uploaded_at, uploaded_at
FROM registry.build;
