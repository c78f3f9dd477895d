-- Sample data for a local project, which can run again.
-- No users: sign up, then `npm run team:add -- <email> admin`.

insert into public.circle_spaces (space_id, space_name, chat_room_uuid, space_member_id)
values
  (880011, 'Help chat', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', 66002211),
  (880012, 'General chat', '0c6f1a52-31b7-4a0e-8d0b-7f0a3b6f9c21', 66002212),
  (880013, 'Show and tell', '9e4d7b13-52f0-4e6a-b6a1-2f4c8d1e5a90', null)
on conflict do nothing;

insert into public.issues (
  id, title, description, status, segment, submitted_by, assigned_to, tags, created_at, resolved_by,
  resolved_at
)
values
  (
    '5eed0000-0000-4000-8000-000000000001', 'Sign-in link opens a blank page',
    'Since yesterday the link in the e-mail opens a white page in Safari.', 'in_progress', 'auth', 'Ana Ruiz',
    'Kim Berg', '{auth,sample,safari}', now() - interval '2 days', null, null
  ),
  (
    '5eed0000-0000-4000-8000-000000000002', 'Build fails with a syntax error after the update',
    'The generated code has an error in line 12, nothing else changed.', 'waiting_for_help', 'code',
    'Lee Park', null, '{code,sample}', now() - interval '5 hours', null, null
  ),
  (
    '5eed0000-0000-4000-8000-000000000003', 'Which editor plugin shows the tasks?',
    'I can''t find it in the list.', 'resolved', 'tool', 'Mia Novak', 'Kim Berg', '{question,sample,tool}',
    now() - interval '9 days', 'Kim Berg', now() - interval '8 days'
  )
on conflict do nothing;

insert into public.comments (id, issue_id, author_name, body, created_at)
values
  (
    '5eed0000-0000-4000-8000-000000000011', '5eed0000-0000-4000-8000-000000000001', 'Kim Berg',
    'I see it with private relay switched on.', now() - interval '1 day'
  ),
  (
    '5eed0000-0000-4000-8000-000000000012', '5eed0000-0000-4000-8000-000000000001', 'Ana Ruiz',
    'Right, without it the page opens.', now() - interval '20 hours'
  ),
  (
    '5eed0000-0000-4000-8000-000000000013', '5eed0000-0000-4000-8000-000000000003', 'Kim Berg',
    'It is called Taskmaster, in the marketplace.', now() - interval '8 days'
  )
on conflict do nothing;

-- Engineering issues, with the numbers that they have in their document.
insert into public.exai_issues (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, root_cause, impact_description, recommended_fix, discovery_date,
  created_by, created_at
)
values
  (
    '5eed0000-0000-4000-8000-000000000101', 1, 'AsyncGLM Provider NO Timeout',
    'The client of the asynchronous GLM provider is made without any timeout.', 'critical', 'timeout', 'open',
    'src/providers/async_glm.py', 48, 51, '{AsyncGLM}', 'debb44af-15b9-456d-9b88-6a2519f81427',
    'ZhipuAI is initialised without an HTTP client of our own, so no TimeoutConfig reaches it.',
    'A request that the provider never answers holds its conversation forever.',
    'Give ZhipuAI an httpx.Client with the timeouts of TimeoutConfig, and max_retries=3.',
    '2025-10-16 00:00:00+00', 'EXAI', '2025-10-16 00:00:00+00'
  ),
  (
    '5eed0000-0000-4000-8000-000000000102', 2, 'AsyncKimi Provider 300s Default',
    'The asynchronous Kimi provider falls back to a timeout of 300 seconds.', 'high', 'timeout', 'open',
    'src/providers/async_kimi.py', 58, 60, '{AsyncKimi}', 'debb44af-15b9-456d-9b88-6a2519f81427', null,
    'A request that hangs is given up after five minutes only.', null, '2025-10-16 00:00:00+00', 'EXAI',
    '2025-10-16 00:00:01+00'
  ),
  (
    '5eed0000-0000-4000-8000-000000000103', 3, 'AsyncProviderConfig Hardcoded',
    'The defaults of AsyncProviderConfig are written into the code.', 'medium', 'configuration', 'open',
    'src/providers/async_base.py', 19, 22, '{AsyncProviderConfig}', 'debb44af-15b9-456d-9b88-6a2519f81427',
    null, null, null, '2025-10-16 00:00:00+00', 'EXAI', '2025-10-16 00:00:02+00'
  )
on conflict do nothing;

insert into public.exai_issue_checklist (id, issue_id, step_number, description)
select
  ('5eed0000-0000-4000-8000-00000000011' || s.step_number)::uuid, '5eed0000-0000-4000-8000-000000000101',
  s.step_number, s.description
from (
  values
    (1, 'Add import for TimeoutConfig and httpx'),
    (2, 'Create httpx.Client with timeout configuration'),
    (3, 'Update ZhipuAI client initialization with timeout'),
    (4, 'Add max_retries=3 for retry logic'),
    (5, 'Add proper logging'),
    (6, 'Test AsyncGLM timeout behavior'),
    (7, 'Update documentation')
) as s (step_number, description)
where exists (select from public.exai_issues as i where i.id = '5eed0000-0000-4000-8000-000000000101')
on conflict (id) do nothing;
