// Generated from the migrations by `npm run db:types`.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "agent_settings": {
        Row: {
          "attempt_retention_days": number;
          "attempts_per_task": number;
          "created_at": string;
          "delivery_retention_days": number;
          "functions_url": string | null;
          "github_host": string;
          "id": boolean;
          "max_lease_seconds": number;
          "pending_tasks_per_user": number | null;
          "projects_per_user": number | null;
          "retry_seconds": number;
          "running_tasks_per_project": number | null;
          "running_tasks_per_user": number | null;
          "stored_bytes_per_user": number | null;
          "updated_at": string;
          "worker_tokens_per_user": number | null;
        };
        ComputedFields: never;
        Insert: {
          "attempt_retention_days"?: number;
          "attempts_per_task"?: number;
          "created_at"?: string;
          "delivery_retention_days"?: number;
          "functions_url"?: string | null;
          "github_host"?: string;
          "id"?: boolean;
          "max_lease_seconds"?: number;
          "pending_tasks_per_user"?: number | null;
          "projects_per_user"?: number | null;
          "retry_seconds"?: number;
          "running_tasks_per_project"?: number | null;
          "running_tasks_per_user"?: number | null;
          "stored_bytes_per_user"?: number | null;
          "updated_at"?: string;
          "worker_tokens_per_user"?: number | null;
        };
        Update: {
          "attempt_retention_days"?: number;
          "attempts_per_task"?: number;
          "created_at"?: string;
          "delivery_retention_days"?: number;
          "functions_url"?: string | null;
          "github_host"?: string;
          "id"?: boolean;
          "max_lease_seconds"?: number;
          "pending_tasks_per_user"?: number | null;
          "projects_per_user"?: number | null;
          "retry_seconds"?: number;
          "running_tasks_per_project"?: number | null;
          "running_tasks_per_user"?: number | null;
          "stored_bytes_per_user"?: number | null;
          "updated_at"?: string;
          "worker_tokens_per_user"?: number | null;
        };
        Relationships: [];
      };
      "analytics_snapshots": {
        Row: {
          "created_at": string;
          "gaps": (string)[];
          "id": string;
          "metrics": NonNullable<Json>;
          "platform": string;
          "snapshot_date": string;
          "snapshot_type": string;
          "user_id": string;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "gaps"?: (string)[];
          "id"?: string;
          "metrics": NonNullable<Json>;
          "platform": string;
          "snapshot_date": string;
          "snapshot_type": string;
          "user_id": string;
          "workspace_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "gaps"?: (string)[];
          "id"?: string;
          "metrics"?: NonNullable<Json>;
          "platform"?: string;
          "snapshot_date"?: string;
          "snapshot_type"?: string;
          "user_id"?: string;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "analytics_snapshots_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "analytics_snapshots_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "circle_issues": {
        Row: {
          "attachments": NonNullable<Json>;
          "author_email": string | null;
          "author_name": string;
          "body": string;
          "chat_room_uuid": string | null;
          "created_at": string;
          "edited_at": string | null;
          "field_versions": NonNullable<Json>;
          "id": string;
          "is_thread": boolean;
          "is_triaged": boolean;
          "is_verdict_unreadable": boolean;
          "link": string | null;
          "mapped_to_issue_id": string | null;
          "message_id": string;
          "posted_at": string | null;
          "raw_data": NonNullable<Json>;
          "removed_at": string | null;
          "segment": string | null;
          "sender_verdict": number | null;
          "space_id": string | null;
          "space_name": string | null;
          "thread_id": string | null;
          "title": string;
          "triage_confidence": number;
          "triage_notes": string | null;
          "triaged_at": string | null;
          "triaged_by": string | null;
          "triaged_by_user_id": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "attachments"?: NonNullable<Json>;
          "author_email"?: string | null;
          "author_name"?: string;
          "body"?: string;
          "chat_room_uuid"?: string | null;
          "created_at"?: string;
          "edited_at"?: string | null;
          "field_versions"?: NonNullable<Json>;
          "id"?: string;
          "is_thread"?: boolean;
          "is_triaged"?: boolean;
          "is_verdict_unreadable"?: boolean;
          "link"?: string | null;
          "mapped_to_issue_id"?: string | null;
          "message_id": string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
          "removed_at"?: string | null;
          "segment"?: string | null;
          "sender_verdict"?: number | null;
          "space_id"?: string | null;
          "space_name"?: string | null;
          "thread_id"?: string | null;
          "title"?: string;
          "triage_confidence"?: number;
          "triage_notes"?: string | null;
          "triaged_at"?: string | null;
          "triaged_by"?: string | null;
          "triaged_by_user_id"?: string | null;
          "updated_at"?: string;
        };
        Update: {
          "attachments"?: NonNullable<Json>;
          "author_email"?: string | null;
          "author_name"?: string;
          "body"?: string;
          "chat_room_uuid"?: string | null;
          "created_at"?: string;
          "edited_at"?: string | null;
          "field_versions"?: NonNullable<Json>;
          "id"?: string;
          "is_thread"?: boolean;
          "is_triaged"?: boolean;
          "is_verdict_unreadable"?: boolean;
          "link"?: string | null;
          "mapped_to_issue_id"?: string | null;
          "message_id"?: string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
          "removed_at"?: string | null;
          "segment"?: string | null;
          "sender_verdict"?: number | null;
          "space_id"?: string | null;
          "space_name"?: string | null;
          "thread_id"?: string | null;
          "title"?: string;
          "triage_confidence"?: number;
          "triage_notes"?: string | null;
          "triaged_at"?: string | null;
          "triaged_by"?: string | null;
          "triaged_by_user_id"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "circle_issues_mapped_to_issue_id_fkey";
            columns: ["mapped_to_issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "circle_replies": {
        Row: {
          "attachments": NonNullable<Json>;
          "author_name": string;
          "body": string;
          "circle_issue_id": string;
          "created_at": string;
          "edited_at": string | null;
          "field_versions": NonNullable<Json>;
          "id": string;
          "link": string | null;
          "message_id": string;
          "posted_at": string | null;
          "raw_data": NonNullable<Json>;
          "removed_at": string | null;
          "reply_index": number | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "attachments"?: NonNullable<Json>;
          "author_name"?: string;
          "body"?: string;
          "circle_issue_id": string;
          "created_at"?: string;
          "edited_at"?: string | null;
          "field_versions"?: NonNullable<Json>;
          "id"?: string;
          "link"?: string | null;
          "message_id": string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
          "removed_at"?: string | null;
          "reply_index"?: number | null;
          "updated_at"?: string;
        };
        Update: {
          "attachments"?: NonNullable<Json>;
          "author_name"?: string;
          "body"?: string;
          "circle_issue_id"?: string;
          "created_at"?: string;
          "edited_at"?: string | null;
          "field_versions"?: NonNullable<Json>;
          "id"?: string;
          "link"?: string | null;
          "message_id"?: string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
          "removed_at"?: string | null;
          "reply_index"?: number | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "circle_replies_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "circle_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "circle_replies_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "circle_triage_queue";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "circle_replies_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["circle_issue_id"];
          },
        ];
      };
      "circle_spaces": {
        Row: {
          "chat_room_uuid": string;
          "created_at": string;
          "id": number;
          "space_id": number | null;
          "space_member_id": number | null;
          "space_name": string;
        };
        ComputedFields: never;
        Insert: {
          "chat_room_uuid": string;
          "created_at"?: string;
          "id"?: number;
          "space_id"?: number | null;
          "space_member_id"?: number | null;
          "space_name": string;
        };
        Update: {
          "chat_room_uuid"?: string;
          "created_at"?: string;
          "id"?: number;
          "space_id"?: number | null;
          "space_member_id"?: number | null;
          "space_name"?: string;
        };
        Relationships: [];
      };
      "circle_sync_settings": {
        Row: {
          "bot_email": string | null;
          "bot_member_id": number | null;
          "community_url": string | null;
          "created_at": string;
          "first_read_hours": number;
          "id": boolean;
          "ignored_room_uuids": (string)[];
          "page_size": number;
          "post_minutes": number;
          "post_space_ids": (number)[];
          "updated_at": string;
          "window_hours": number;
          "window_minutes": number;
        };
        ComputedFields: never;
        Insert: {
          "bot_email"?: string | null;
          "bot_member_id"?: number | null;
          "community_url"?: string | null;
          "created_at"?: string;
          "first_read_hours"?: number;
          "id"?: boolean;
          "ignored_room_uuids"?: (string)[];
          "page_size"?: number;
          "post_minutes"?: number;
          "post_space_ids"?: (number)[];
          "updated_at"?: string;
          "window_hours"?: number;
          "window_minutes"?: number;
        };
        Update: {
          "bot_email"?: string | null;
          "bot_member_id"?: number | null;
          "community_url"?: string | null;
          "created_at"?: string;
          "first_read_hours"?: number;
          "id"?: boolean;
          "ignored_room_uuids"?: (string)[];
          "page_size"?: number;
          "post_minutes"?: number;
          "post_space_ids"?: (number)[];
          "updated_at"?: string;
          "window_hours"?: number;
          "window_minutes"?: number;
        };
        Relationships: [];
      };
      "comments": {
        Row: {
          "author_name": string;
          "author_user_id": string | null;
          "body": string;
          "created_at": string;
          "id": string;
          "issue_id": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "author_name"?: string;
          "author_user_id"?: string | null;
          "body": string;
          "created_at"?: string;
          "id"?: string;
          "issue_id": string;
          "updated_at"?: string;
        };
        Update: {
          "author_name"?: string;
          "author_user_id"?: string | null;
          "body"?: string;
          "created_at"?: string;
          "id"?: string;
          "issue_id"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "comments_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "deliveries": {
        Row: {
          "approved_by": string | null;
          "approved_by_user_id": string | null;
          "attempts_count": number;
          "body": string | null;
          "channel": string;
          "created_at": string;
          "dedupe_key": string;
          "deliver_after": string;
          "delivered_at": string | null;
          "endpoint_id": string | null;
          "event_id": number | null;
          "generation": number | null;
          "id": number;
          "issue_id": string | null;
          "kind": string;
          "last_error": string | null;
          "payload": NonNullable<Json>;
          "reference": string | null;
          "status": string;
        };
        ComputedFields: never;
        Insert: {
          "approved_by"?: string | null;
          "approved_by_user_id"?: string | null;
          "attempts_count"?: number;
          "body"?: string | null;
          "channel": string;
          "created_at"?: string;
          "dedupe_key": string;
          "deliver_after"?: string;
          "delivered_at"?: string | null;
          "endpoint_id"?: string | null;
          "event_id"?: number | null;
          "generation"?: number | null;
          "id"?: number;
          "issue_id"?: string | null;
          "kind": string;
          "last_error"?: string | null;
          "payload"?: NonNullable<Json>;
          "reference"?: string | null;
          "status"?: string;
        };
        Update: {
          "approved_by"?: string | null;
          "approved_by_user_id"?: string | null;
          "attempts_count"?: number;
          "body"?: string | null;
          "channel"?: string;
          "created_at"?: string;
          "dedupe_key"?: string;
          "deliver_after"?: string;
          "delivered_at"?: string | null;
          "endpoint_id"?: string | null;
          "event_id"?: number | null;
          "generation"?: number | null;
          "id"?: number;
          "issue_id"?: string | null;
          "kind"?: string;
          "last_error"?: string | null;
          "payload"?: NonNullable<Json>;
          "reference"?: string | null;
          "status"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "deliveries_endpoint_id_fkey";
            columns: ["endpoint_id"];
            isOneToOne: false;
            referencedRelation: "webhook_endpoints";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "deliveries_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "devpulse_settings": {
        Row: {
          "backfill_days": number;
          "created_at": string;
          "goals_per_user": number | null;
          "id": boolean;
          "invitations_per_workspace": number | null;
          "members_per_workspace": number | null;
          "monitors_per_user": number | null;
          "reading_retention_days": number;
          "resources_per_connection": number;
          "return_urls": (string)[];
          "run_retention_days": number;
          "runs_per_connection": number;
          "snapshot_retention_days": number;
          "sync_now_per_hour": number;
          "updated_at": string;
          "workspaces_per_user": number | null;
        };
        ComputedFields: never;
        Insert: {
          "backfill_days"?: number;
          "created_at"?: string;
          "goals_per_user"?: number | null;
          "id"?: boolean;
          "invitations_per_workspace"?: number | null;
          "members_per_workspace"?: number | null;
          "monitors_per_user"?: number | null;
          "reading_retention_days"?: number;
          "resources_per_connection"?: number;
          "return_urls"?: (string)[];
          "run_retention_days"?: number;
          "runs_per_connection"?: number;
          "snapshot_retention_days"?: number;
          "sync_now_per_hour"?: number;
          "updated_at"?: string;
          "workspaces_per_user"?: number | null;
        };
        Update: {
          "backfill_days"?: number;
          "created_at"?: string;
          "goals_per_user"?: number | null;
          "id"?: boolean;
          "invitations_per_workspace"?: number | null;
          "members_per_workspace"?: number | null;
          "monitors_per_user"?: number | null;
          "reading_retention_days"?: number;
          "resources_per_connection"?: number;
          "return_urls"?: (string)[];
          "run_retention_days"?: number;
          "runs_per_connection"?: number;
          "snapshot_retention_days"?: number;
          "sync_now_per_hour"?: number;
          "updated_at"?: string;
          "workspaces_per_user"?: number | null;
        };
        Relationships: [];
      };
      "devto_articles": {
        Row: {
          "comment_count": number;
          "description": string | null;
          "devto_article_id": number;
          "id": string;
          "platform_connection_id": string;
          "published_at": string | null;
          "reaction_count": number;
          "reading_time_minutes": number | null;
          "removed_at": string | null;
          "synced_at": string;
          "tags": (string)[] | null;
          "title": string;
          "url": string;
          "view_count": number;
        };
        ComputedFields: never;
        Insert: {
          "comment_count"?: number;
          "description"?: string | null;
          "devto_article_id": number;
          "id"?: string;
          "platform_connection_id": string;
          "published_at"?: string | null;
          "reaction_count"?: number;
          "reading_time_minutes"?: number | null;
          "removed_at"?: string | null;
          "synced_at"?: string;
          "tags"?: (string)[] | null;
          "title": string;
          "url": string;
          "view_count"?: number;
        };
        Update: {
          "comment_count"?: number;
          "description"?: string | null;
          "devto_article_id"?: number;
          "id"?: string;
          "platform_connection_id"?: string;
          "published_at"?: string | null;
          "reaction_count"?: number;
          "reading_time_minutes"?: number | null;
          "removed_at"?: string | null;
          "synced_at"?: string;
          "tags"?: (string)[] | null;
          "title"?: string;
          "url"?: string;
          "view_count"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "devto_articles_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_checklist": {
        Row: {
          "completed_at": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "description": string;
          "id": string;
          "issue_id": string;
          "status": string;
          "step_number": number;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "completed_at"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "description": string;
          "id"?: string;
          "issue_id": string;
          "status"?: string;
          "step_number"?: number;
          "updated_at"?: string;
        };
        Update: {
          "completed_at"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "description"?: string;
          "id"?: string;
          "issue_id"?: string;
          "status"?: string;
          "step_number"?: number;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_checklist_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_checklist_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_checklist_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_fixes": {
        Row: {
          "created_at": string;
          "exai_issue_id": string;
          "fixed_at": string | null;
          "fixed_by": string | null;
          "reopened_at": string | null;
          "shipped_at": string | null;
          "shipped_by": string | null;
          "shipped_by_user_id": string | null;
          "status_before": string | null;
          "updated_at": string;
          "version": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "exai_issue_id": string;
          "fixed_at"?: string | null;
          "fixed_by"?: string | null;
          "reopened_at"?: string | null;
          "shipped_at"?: string | null;
          "shipped_by"?: string | null;
          "shipped_by_user_id"?: string | null;
          "status_before"?: string | null;
          "updated_at"?: string;
          "version"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "exai_issue_id"?: string;
          "fixed_at"?: string | null;
          "fixed_by"?: string | null;
          "reopened_at"?: string | null;
          "shipped_at"?: string | null;
          "shipped_by"?: string | null;
          "shipped_by_user_id"?: string | null;
          "status_before"?: string | null;
          "updated_at"?: string;
          "version"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_fixes_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: true;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_fixes_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: true;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_fixes_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: true;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_pull_requests": {
        Row: {
          "closed_at": string | null;
          "created_at": string;
          "exai_issue_id": string;
          "intent": string;
          "is_from_fork": boolean;
          "is_linked_by_server": boolean;
          "linked_by": string | null;
          "linked_by_user_id": string | null;
          "merged_at": string | null;
          "number": number;
          "opened_at": string | null;
          "pull_request_id": number;
          "repo_name": string;
          "repo_owner": string;
          "source": string;
          "state": string;
          "task_id": number | null;
          "updated_at": string;
          "url": string;
        };
        ComputedFields: never;
        Insert: {
          "closed_at"?: string | null;
          "created_at"?: string;
          "exai_issue_id": string;
          "intent": string;
          "is_from_fork"?: boolean;
          "is_linked_by_server"?: boolean;
          "linked_by"?: string | null;
          "linked_by_user_id"?: string | null;
          "merged_at"?: string | null;
          "number": number;
          "opened_at"?: string | null;
          "pull_request_id": number;
          "repo_name": string;
          "repo_owner": string;
          "source": string;
          "state"?: string;
          "task_id"?: number | null;
          "updated_at"?: string;
          "url": string;
        };
        Update: {
          "closed_at"?: string | null;
          "created_at"?: string;
          "exai_issue_id"?: string;
          "intent"?: string;
          "is_from_fork"?: boolean;
          "is_linked_by_server"?: boolean;
          "linked_by"?: string | null;
          "linked_by_user_id"?: string | null;
          "merged_at"?: string | null;
          "number"?: number;
          "opened_at"?: string | null;
          "pull_request_id"?: number;
          "repo_name"?: string;
          "repo_owner"?: string;
          "source"?: string;
          "state"?: string;
          "task_id"?: number | null;
          "updated_at"?: string;
          "url"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_pull_requests_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_pull_requests_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_pull_requests_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_pull_requests_pull_request_id_fkey";
            columns: ["pull_request_id"];
            isOneToOne: false;
            referencedRelation: "pull_requests";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_pull_requests_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "task_list";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_pull_requests_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "tasks";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_relations": {
        Row: {
          "created_at": string;
          "from_issue_id": string;
          "kind": string;
          "to_issue_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "from_issue_id": string;
          "kind": string;
          "to_issue_id": string;
        };
        Update: {
          "created_at"?: string;
          "from_issue_id"?: string;
          "kind"?: string;
          "to_issue_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_relations_from_issue_id_fkey";
            columns: ["from_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_relations_from_issue_id_fkey";
            columns: ["from_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_relations_from_issue_id_fkey";
            columns: ["from_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_relations_to_issue_id_fkey";
            columns: ["to_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_relations_to_issue_id_fkey";
            columns: ["to_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_relations_to_issue_id_fkey";
            columns: ["to_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_tasks": {
        Row: {
          "created_at": string;
          "dispatched_by": string;
          "exai_issue_id": string;
          "task_id": number;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "dispatched_by"?: string;
          "exai_issue_id": string;
          "task_id": number;
        };
        Update: {
          "created_at"?: string;
          "dispatched_by"?: string;
          "exai_issue_id"?: string;
          "task_id"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_tasks_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_tasks_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_tasks_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_tasks_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: true;
            referencedRelation: "task_list";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_tasks_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: true;
            referencedRelation: "tasks";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issue_updates": {
        Row: {
          "content": string;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "id": string;
          "issue_id": string;
          "update_type": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "content": string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "created_by"?: string;
          "created_by_user_id"?: string | null;
          "id"?: string;
          "issue_id": string;
          "update_type"?: string;
          "updated_at"?: string;
        };
        Update: {
          "content"?: string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "created_by"?: string;
          "created_by_user_id"?: string | null;
          "id"?: string;
          "issue_id"?: string;
          "update_type"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "exai_issue_updates_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_updates_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exai_issue_updates_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "exai_issues": {
        Row: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "status": string;
          "title": string;
          "updated_at": string;
          "verification_date": string | null;
        };
        ComputedFields: never;
        Insert: {
          "actual_fix"?: string | null;
          "affected_components"?: (string)[];
          "blocked_by_issues"?: (string)[];
          "blocks_issues"?: (string)[];
          "category"?: string;
          "claim_minutes"?: number | null;
          "claimed_at"?: string | null;
          "claimed_by"?: string | null;
          "claimed_by_user_id"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "created_by"?: string;
          "created_by_user_id"?: string | null;
          "description"?: string;
          "discovery_date"?: string;
          "file_path"?: string | null;
          "fix_conversation_id"?: string | null;
          "fix_date"?: string | null;
          "id"?: string;
          "impact_description"?: string | null;
          "issue_number"?: number;
          "lease_expires_at"?: string | null;
          "line_end"?: number | null;
          "line_start"?: number | null;
          "recommended_fix"?: string | null;
          "related_issues"?: (string)[];
          "root_cause"?: string | null;
          "severity"?: string;
          "status"?: string;
          "title": string;
          "updated_at"?: string;
          "verification_date"?: string | null;
        };
        Update: {
          "actual_fix"?: string | null;
          "affected_components"?: (string)[];
          "blocked_by_issues"?: (string)[];
          "blocks_issues"?: (string)[];
          "category"?: string;
          "claim_minutes"?: number | null;
          "claimed_at"?: string | null;
          "claimed_by"?: string | null;
          "claimed_by_user_id"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "created_by"?: string;
          "created_by_user_id"?: string | null;
          "description"?: string;
          "discovery_date"?: string;
          "file_path"?: string | null;
          "fix_conversation_id"?: string | null;
          "fix_date"?: string | null;
          "id"?: string;
          "impact_description"?: string | null;
          "issue_number"?: number;
          "lease_expires_at"?: string | null;
          "line_end"?: number | null;
          "line_start"?: number | null;
          "recommended_fix"?: string | null;
          "related_issues"?: (string)[];
          "root_cause"?: string | null;
          "severity"?: string;
          "status"?: string;
          "title"?: string;
          "updated_at"?: string;
          "verification_date"?: string | null;
        };
        Relationships: [];
      };
      "github_contributions": {
        Row: {
          "commits_count": number;
          "created_at": string;
          "date": string;
          "id": string;
          "issues_count": number;
          "platform_connection_id": string;
          "pull_requests_count": number;
          "repositories_contributed_to": number;
        };
        ComputedFields: never;
        Insert: {
          "commits_count"?: number;
          "created_at"?: string;
          "date": string;
          "id"?: string;
          "issues_count"?: number;
          "platform_connection_id": string;
          "pull_requests_count"?: number;
          "repositories_contributed_to"?: number;
        };
        Update: {
          "commits_count"?: number;
          "created_at"?: string;
          "date"?: string;
          "id"?: string;
          "issues_count"?: number;
          "platform_connection_id"?: string;
          "pull_requests_count"?: number;
          "repositories_contributed_to"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "github_contributions_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
      "github_repositories": {
        Row: {
          "created_at": string;
          "default_branch": string;
          "description": string | null;
          "forks_count": number;
          "full_name": string;
          "github_repo_id": number;
          "html_url": string;
          "id": string;
          "is_fork": boolean;
          "is_private": boolean;
          "language": string | null;
          "name": string;
          "open_issues_count": number;
          "platform_connection_id": string;
          "removed_at": string | null;
          "stars_count": number;
          "synced_at": string;
          "updated_at": string;
          "watchers_count": number;
        };
        ComputedFields: never;
        Insert: {
          "created_at": string;
          "default_branch"?: string;
          "description"?: string | null;
          "forks_count"?: number;
          "full_name": string;
          "github_repo_id": number;
          "html_url": string;
          "id"?: string;
          "is_fork"?: boolean;
          "is_private"?: boolean;
          "language"?: string | null;
          "name": string;
          "open_issues_count"?: number;
          "platform_connection_id": string;
          "removed_at"?: string | null;
          "stars_count"?: number;
          "synced_at"?: string;
          "updated_at": string;
          "watchers_count"?: number;
        };
        Update: {
          "created_at"?: string;
          "default_branch"?: string;
          "description"?: string | null;
          "forks_count"?: number;
          "full_name"?: string;
          "github_repo_id"?: number;
          "html_url"?: string;
          "id"?: string;
          "is_fork"?: boolean;
          "is_private"?: boolean;
          "language"?: string | null;
          "name"?: string;
          "open_issues_count"?: number;
          "platform_connection_id"?: string;
          "removed_at"?: string | null;
          "stars_count"?: number;
          "synced_at"?: string;
          "updated_at"?: string;
          "watchers_count"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "github_repositories_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
      "goals": {
        Row: {
          "achieved_at": string | null;
          "baseline_value": number | null;
          "created_at": string;
          "current_value": number;
          "direction": string;
          "end_date": string | null;
          "goal_type": string;
          "id": string;
          "is_achieved": boolean;
          "metric": string;
          "platform": string;
          "start_date": string;
          "target_value": number;
          "unit": string;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "achieved_at"?: string | null;
          "baseline_value"?: number | null;
          "created_at"?: string;
          "current_value"?: number;
          "direction"?: string;
          "end_date"?: string | null;
          "goal_type": string;
          "id"?: string;
          "is_achieved"?: boolean;
          "metric"?: string;
          "platform": string;
          "start_date": string;
          "target_value": number;
          "unit": string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string | null;
        };
        Update: {
          "achieved_at"?: string | null;
          "baseline_value"?: number | null;
          "created_at"?: string;
          "current_value"?: number;
          "direction"?: string;
          "end_date"?: string | null;
          "goal_type"?: string;
          "id"?: string;
          "is_achieved"?: boolean;
          "metric"?: string;
          "platform"?: string;
          "start_date"?: string;
          "target_value"?: number;
          "unit"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "goals_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "goals_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_import_logs": {
        Row: {
          "circle_issue_id": string;
          "id": string;
          "import_notes": string | null;
          "import_source": string;
          "imported_at": string;
          "imported_by": string;
          "is_automatic": boolean;
          "issue_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "circle_issue_id": string;
          "id"?: string;
          "import_notes"?: string | null;
          "import_source"?: string;
          "imported_at"?: string;
          "imported_by"?: string;
          "is_automatic"?: boolean;
          "issue_id"?: string | null;
        };
        Update: {
          "circle_issue_id"?: string;
          "id"?: string;
          "import_notes"?: string | null;
          "import_source"?: string;
          "imported_at"?: string;
          "imported_by"?: string;
          "is_automatic"?: boolean;
          "issue_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "issue_import_logs_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "circle_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_import_logs_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "circle_triage_queue";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_import_logs_circle_issue_id_fkey";
            columns: ["circle_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["circle_issue_id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_import_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_links": {
        Row: {
          "created_at": string;
          "exai_issue_id": string;
          "issue_id": string;
          "linked_by": string;
          "linked_by_user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "exai_issue_id": string;
          "issue_id": string;
          "linked_by"?: string;
          "linked_by_user_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "exai_issue_id"?: string;
          "issue_id"?: string;
          "linked_by"?: string;
          "linked_by_user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "issue_links_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_links_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_links_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_links_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_merges": {
        Row: {
          "escalation_ids": (string)[];
          "exai_issue_id": string | null;
          "into_issue_id": string;
          "merged_at": string;
          "merged_by": string;
          "merged_by_user_id": string | null;
          "message_ids": (string)[];
          "source_issue_id": string;
          "source_status": string;
        };
        ComputedFields: never;
        Insert: {
          "escalation_ids"?: (string)[];
          "exai_issue_id"?: string | null;
          "into_issue_id": string;
          "merged_at"?: string;
          "merged_by"?: string;
          "merged_by_user_id"?: string | null;
          "message_ids"?: (string)[];
          "source_issue_id": string;
          "source_status": string;
        };
        Update: {
          "escalation_ids"?: (string)[];
          "exai_issue_id"?: string | null;
          "into_issue_id"?: string;
          "merged_at"?: string;
          "merged_by"?: string;
          "merged_by_user_id"?: string | null;
          "message_ids"?: (string)[];
          "source_issue_id"?: string;
          "source_status"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "issue_merges_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_active_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_exai_issue_id_fkey";
            columns: ["exai_issue_id"];
            isOneToOne: false;
            referencedRelation: "exai_ready_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_into_issue_id_fkey";
            columns: ["into_issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_merges_source_issue_id_fkey";
            columns: ["source_issue_id"];
            isOneToOne: true;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_status_logs": {
        Row: {
          "changed_at": string;
          "changed_by": string | null;
          "changed_by_user_id": string | null;
          "id": string;
          "issue_id": string;
          "new_status": string;
          "old_status": string | null;
        };
        ComputedFields: never;
        Insert: {
          "changed_at"?: string;
          "changed_by"?: string | null;
          "changed_by_user_id"?: string | null;
          "id"?: string;
          "issue_id": string;
          "new_status": string;
          "old_status"?: string | null;
        };
        Update: {
          "changed_at"?: string;
          "changed_by"?: string | null;
          "changed_by_user_id"?: string | null;
          "id"?: string;
          "issue_id"?: string;
          "new_status"?: string;
          "old_status"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_status_logs_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_tags": {
        Row: {
          "issue_id": string;
          "tag_name": string;
        };
        ComputedFields: never;
        Insert: {
          "issue_id": string;
          "tag_name": string;
        };
        Update: {
          "issue_id"?: string;
          "tag_name"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "issue_tags_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "issue_tags_tag_name_fkey";
            columns: ["tag_name"];
            isOneToOne: false;
            referencedRelation: "tags";
            referencedColumns: ["name"];
          },
        ];
      };
      "issues": {
        Row: {
          "archived_at": string | null;
          "assigned_to": string | null;
          "assigned_to_user_id": string | null;
          "created_at": string;
          "description": string;
          "id": string;
          "is_test": boolean;
          "ready_for_delivery": boolean | null;
          "resolved_at": string | null;
          "resolved_by": string | null;
          "resolved_by_user_id": string | null;
          "segment": string;
          "seq_id": number;
          "status": string;
          "submitted_by": string;
          "submitted_by_user_id": string | null;
          "tags": (string)[];
          "title": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "archived_at"?: string | null;
          "assigned_to"?: string | null;
          "assigned_to_user_id"?: string | null;
          "created_at"?: string;
          "description"?: string;
          "id"?: string;
          "is_test"?: boolean;
          "ready_for_delivery"?: boolean | null;
          "resolved_at"?: string | null;
          "resolved_by"?: string | null;
          "resolved_by_user_id"?: string | null;
          "segment"?: string;
          "seq_id"?: number;
          "status"?: string;
          "submitted_by"?: string;
          "submitted_by_user_id"?: string | null;
          "tags"?: (string)[];
          "title": string;
          "updated_at"?: string;
        };
        Update: {
          "archived_at"?: string | null;
          "assigned_to"?: string | null;
          "assigned_to_user_id"?: string | null;
          "created_at"?: string;
          "description"?: string;
          "id"?: string;
          "is_test"?: boolean;
          "ready_for_delivery"?: boolean | null;
          "resolved_at"?: string | null;
          "resolved_by"?: string | null;
          "resolved_by_user_id"?: string | null;
          "segment"?: string;
          "seq_id"?: number;
          "status"?: string;
          "submitted_by"?: string;
          "submitted_by_user_id"?: string | null;
          "tags"?: (string)[];
          "title"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "loop_events": {
        Row: {
          "actor": string | null;
          "at": string;
          "created_at": string;
          "generation": number;
          "hop": string;
          "id": number;
          "issue_id": string;
          "reference": string;
          "reporter_key": string | null;
        };
        ComputedFields: never;
        Insert: {
          "actor"?: string | null;
          "at": string;
          "created_at"?: string;
          "generation": number;
          "hop": string;
          "id"?: number;
          "issue_id": string;
          "reference"?: string;
          "reporter_key"?: string | null;
        };
        Update: {
          "actor"?: string | null;
          "at"?: string;
          "created_at"?: string;
          "generation"?: number;
          "hop"?: string;
          "id"?: number;
          "issue_id"?: string;
          "reference"?: string;
          "reporter_key"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_events_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "loop_issues": {
        Row: {
          "created_at": string;
          "generation": number;
          "issue_id": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "generation"?: number;
          "issue_id": string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "generation"?: number;
          "issue_id"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "loop_issues_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: true;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "loop_repositories": {
        Row: {
          "added_by": string;
          "added_by_user_id": string | null;
          "created_at": string;
          "repo_name": string;
          "repo_owner": string;
          "repository_id": number;
        };
        ComputedFields: never;
        Insert: {
          "added_by"?: string;
          "added_by_user_id"?: string | null;
          "created_at"?: string;
          "repo_name": string;
          "repo_owner": string;
          "repository_id"?: number;
        };
        Update: {
          "added_by"?: string;
          "added_by_user_id"?: string | null;
          "created_at"?: string;
          "repo_name"?: string;
          "repo_owner"?: string;
          "repository_id"?: number;
        };
        Relationships: [];
      };
      "loop_settings": {
        Row: {
          "created_at": string;
          "delivery_retention_days": number;
          "fork_links_limit": number;
          "id": boolean;
          "issue_url": string | null;
          "notification_age_hours": number;
          "reply_mode": string;
          "ship_delay_minutes": number;
          "ship_environment": string;
          "ship_gate": string;
          "updated_at": string;
          "webhook_endpoints_limit": number;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "delivery_retention_days"?: number;
          "fork_links_limit"?: number;
          "id"?: boolean;
          "issue_url"?: string | null;
          "notification_age_hours"?: number;
          "reply_mode"?: string;
          "ship_delay_minutes"?: number;
          "ship_environment"?: string;
          "ship_gate"?: string;
          "updated_at"?: string;
          "webhook_endpoints_limit"?: number;
        };
        Update: {
          "created_at"?: string;
          "delivery_retention_days"?: number;
          "fork_links_limit"?: number;
          "id"?: boolean;
          "issue_url"?: string | null;
          "notification_age_hours"?: number;
          "reply_mode"?: string;
          "ship_delay_minutes"?: number;
          "ship_environment"?: string;
          "ship_gate"?: string;
          "updated_at"?: string;
          "webhook_endpoints_limit"?: number;
        };
        Relationships: [];
      };
      "monitors": {
        Row: {
          "created_at": string;
          "id": string;
          "is_active": boolean;
          "monitor_type": string;
          "platform": string;
          "platform_connection_id": string;
          "platform_resource_id": string | null;
          "sync_frequency": number;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "monitor_type": string;
          "platform": string;
          "platform_connection_id": string;
          "platform_resource_id"?: string | null;
          "sync_frequency"?: number;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "monitor_type"?: string;
          "platform"?: string;
          "platform_connection_id"?: string;
          "platform_resource_id"?: string | null;
          "sync_frequency"?: number;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "monitors_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "monitors_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "monitors_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "notification_rules": {
        Row: {
          "assignee_user_id": string | null;
          "created_at": string;
          "digest": string;
          "endpoint_id": string;
          "event": string;
          "id": string;
          "is_active": boolean;
          "quiet_from": string | null;
          "quiet_until": string | null;
          "segment": string | null;
          "severity": string | null;
          "space_id": string | null;
          "time_zone": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "assignee_user_id"?: string | null;
          "created_at"?: string;
          "digest"?: string;
          "endpoint_id": string;
          "event": string;
          "id"?: string;
          "is_active"?: boolean;
          "quiet_from"?: string | null;
          "quiet_until"?: string | null;
          "segment"?: string | null;
          "severity"?: string | null;
          "space_id"?: string | null;
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Update: {
          "assignee_user_id"?: string | null;
          "created_at"?: string;
          "digest"?: string;
          "endpoint_id"?: string;
          "event"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "quiet_from"?: string | null;
          "quiet_until"?: string | null;
          "segment"?: string | null;
          "severity"?: string | null;
          "space_id"?: string | null;
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notification_rules_endpoint_id_fkey";
            columns: ["endpoint_id"];
            isOneToOne: false;
            referencedRelation: "webhook_endpoints";
            referencedColumns: ["id"];
          },
        ];
      };
      "platform_connections": {
        Row: {
          "access_token": string;
          "created_at": string;
          "id": string;
          "is_active": boolean;
          "last_synced_at": string | null;
          "platform": string;
          "platform_user_id": string;
          "platform_username": string;
          "refresh_token": string | null;
          "status": string;
          "status_reason": string | null;
          "token_expires_at": string | null;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "access_token": string;
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "last_synced_at"?: string | null;
          "platform": string;
          "platform_user_id": string;
          "platform_username": string;
          "refresh_token"?: string | null;
          "status"?: string;
          "status_reason"?: string | null;
          "token_expires_at"?: string | null;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "access_token"?: string;
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "last_synced_at"?: string | null;
          "platform"?: string;
          "platform_user_id"?: string;
          "platform_username"?: string;
          "refresh_token"?: string | null;
          "status"?: string;
          "status_reason"?: string | null;
          "token_expires_at"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "platform_connections_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "profiles": {
        Row: {
          "avatar_url": string | null;
          "bio": string | null;
          "created_at": string;
          "display_name": string | null;
          "id": string;
          "timezone": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "avatar_url"?: string | null;
          "bio"?: string | null;
          "created_at"?: string;
          "display_name"?: string | null;
          "id": string;
          "timezone"?: string | null;
          "updated_at"?: string;
        };
        Update: {
          "avatar_url"?: string | null;
          "bio"?: string | null;
          "created_at"?: string;
          "display_name"?: string | null;
          "id"?: string;
          "timezone"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "projects": {
        Row: {
          "created_at": string;
          "description": string | null;
          "id": number;
          "is_active": boolean;
          "max_running_tasks": number | null;
          "name": string;
          "repo_name": string;
          "repo_owner": string;
          "repo_url": string;
          "settings": NonNullable<Json>;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "description"?: string | null;
          "id"?: number;
          "is_active"?: boolean;
          "max_running_tasks"?: number | null;
          "name": string;
          "repo_name": string;
          "repo_owner": string;
          "repo_url": string;
          "settings"?: NonNullable<Json>;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Update: {
          "created_at"?: string;
          "description"?: string | null;
          "id"?: number;
          "is_active"?: boolean;
          "max_running_tasks"?: number | null;
          "name"?: string;
          "repo_name"?: string;
          "repo_owner"?: string;
          "repo_url"?: string;
          "settings"?: NonNullable<Json>;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "projects_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "pull_requests": {
        Row: {
          "author_login": string | null;
          "base_ref": string | null;
          "closed_at": string | null;
          "created_at": string;
          "head_ref": string | null;
          "head_sha": string | null;
          "html_url": string | null;
          "id": number;
          "is_draft": boolean;
          "is_from_fork": boolean;
          "is_private": boolean | null;
          "merge_commit_sha": string | null;
          "merged_at": string | null;
          "number": number;
          "opened_at": string | null;
          "provider_updated_at": string | null;
          "repo_name": string;
          "repo_owner": string;
          "repository_id": number;
          "state": string;
          "title": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "author_login"?: string | null;
          "base_ref"?: string | null;
          "closed_at"?: string | null;
          "created_at"?: string;
          "head_ref"?: string | null;
          "head_sha"?: string | null;
          "html_url"?: string | null;
          "id"?: number;
          "is_draft"?: boolean;
          "is_from_fork"?: boolean;
          "is_private"?: boolean | null;
          "merge_commit_sha"?: string | null;
          "merged_at"?: string | null;
          "number": number;
          "opened_at"?: string | null;
          "provider_updated_at"?: string | null;
          "repo_name": string;
          "repo_owner": string;
          "repository_id": number;
          "state"?: string;
          "title"?: string | null;
          "updated_at"?: string;
        };
        Update: {
          "author_login"?: string | null;
          "base_ref"?: string | null;
          "closed_at"?: string | null;
          "created_at"?: string;
          "head_ref"?: string | null;
          "head_sha"?: string | null;
          "html_url"?: string | null;
          "id"?: number;
          "is_draft"?: boolean;
          "is_from_fork"?: boolean;
          "is_private"?: boolean | null;
          "merge_commit_sha"?: string | null;
          "merged_at"?: string | null;
          "number"?: number;
          "opened_at"?: string | null;
          "provider_updated_at"?: string | null;
          "repo_name"?: string;
          "repo_owner"?: string;
          "repository_id"?: number;
          "state"?: string;
          "title"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "reply_templates": {
        Row: {
          "body": string;
          "created_at": string;
          "kind": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "body": string;
          "created_at"?: string;
          "kind": string;
          "updated_at"?: string;
        };
        Update: {
          "body"?: string;
          "created_at"?: string;
          "kind"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "segment_corrections": {
        Row: {
          "corrected_at": string;
          "corrected_by": string;
          "corrected_by_user_id": string | null;
          "description": string;
          "id": string;
          "issue_id": string | null;
          "new_segment": string;
          "old_segment": string;
          "title": string;
        };
        ComputedFields: never;
        Insert: {
          "corrected_at"?: string;
          "corrected_by": string;
          "corrected_by_user_id"?: string | null;
          "description": string;
          "id"?: string;
          "issue_id"?: string | null;
          "new_segment": string;
          "old_segment": string;
          "title": string;
        };
        Update: {
          "corrected_at"?: string;
          "corrected_by"?: string;
          "corrected_by_user_id"?: string | null;
          "description"?: string;
          "id"?: string;
          "issue_id"?: string | null;
          "new_segment"?: string;
          "old_segment"?: string;
          "title"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "segment_corrections_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "segment_rules": {
        Row: {
          "created_at": string;
          "id": string;
          "is_enabled": boolean;
          "priority": number;
          "segment": string;
          "updated_at": string;
          "weight": number;
          "words": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "is_enabled"?: boolean;
          "priority": number;
          "segment": string;
          "updated_at"?: string;
          "weight"?: number;
          "words": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "is_enabled"?: boolean;
          "priority"?: number;
          "segment"?: string;
          "updated_at"?: string;
          "weight"?: number;
          "words"?: string;
        };
        Relationships: [];
      };
      "service_breaches": {
        Row: {
          "at": string;
          "created_at": string;
          "generation": number;
          "issue_id": string;
          "kind": string;
          "stage": string;
        };
        ComputedFields: never;
        Insert: {
          "at": string;
          "created_at"?: string;
          "generation": number;
          "issue_id": string;
          "kind": string;
          "stage": string;
        };
        Update: {
          "at"?: string;
          "created_at"?: string;
          "generation"?: number;
          "issue_id"?: string;
          "kind"?: string;
          "stage"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "service_breaches_target_fkey";
            columns: ["issue_id", "generation", "stage"];
            isOneToOne: false;
            referencedRelation: "open_service_targets";
            referencedColumns: ["issue_id", "generation", "stage"];
          },
          {
            foreignKeyName: "service_breaches_target_fkey";
            columns: ["issue_id", "generation", "stage"];
            isOneToOne: false;
            referencedRelation: "service_targets";
            referencedColumns: ["issue_id", "generation", "stage"];
          },
        ];
      };
      "service_calendars": {
        Row: {
          "created_at": string;
          "id": string;
          "is_default": boolean;
          "name": string;
          "time_zone": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "is_default"?: boolean;
          "name": string;
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "is_default"?: boolean;
          "name"?: string;
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "service_holidays": {
        Row: {
          "calendar_id": string;
          "created_at": string;
          "holiday_on": string;
          "name": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "calendar_id": string;
          "created_at"?: string;
          "holiday_on": string;
          "name"?: string;
          "updated_at"?: string;
        };
        Update: {
          "calendar_id"?: string;
          "created_at"?: string;
          "holiday_on"?: string;
          "name"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "service_holidays_calendar_id_fkey";
            columns: ["calendar_id"];
            isOneToOne: false;
            referencedRelation: "service_calendars";
            referencedColumns: ["id"];
          },
        ];
      };
      "service_hours": {
        Row: {
          "calendar_id": string;
          "closes": string;
          "created_at": string;
          "id": string;
          "opens": string;
          "updated_at": string;
          "weekday": number;
        };
        ComputedFields: never;
        Insert: {
          "calendar_id": string;
          "closes": string;
          "created_at"?: string;
          "id"?: string;
          "opens": string;
          "updated_at"?: string;
          "weekday": number;
        };
        Update: {
          "calendar_id"?: string;
          "closes"?: string;
          "created_at"?: string;
          "id"?: string;
          "opens"?: string;
          "updated_at"?: string;
          "weekday"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "service_hours_calendar_id_fkey";
            columns: ["calendar_id"];
            isOneToOne: false;
            referencedRelation: "service_calendars";
            referencedColumns: ["id"];
          },
        ];
      };
      "service_pauses": {
        Row: {
          "created_at": string;
          "ends_at": string | null;
          "id": string;
          "issue_id": string;
          "paused_by": string;
          "paused_by_user_id": string | null;
          "reason": string;
          "resumed_by": string | null;
          "starts_at": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "ends_at"?: string | null;
          "id"?: string;
          "issue_id": string;
          "paused_by": string;
          "paused_by_user_id"?: string | null;
          "reason": string;
          "resumed_by"?: string | null;
          "starts_at"?: string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "ends_at"?: string | null;
          "id"?: string;
          "issue_id"?: string;
          "paused_by"?: string;
          "paused_by_user_id"?: string | null;
          "reason"?: string;
          "resumed_by"?: string | null;
          "starts_at"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_pauses_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
        ];
      };
      "service_policies": {
        Row: {
          "agent_minutes": number | null;
          "answer_minutes": number | null;
          "applies_from": string;
          "calendar_id": string | null;
          "clock": string;
          "created_at": string;
          "engineering_minutes": number | null;
          "id": string;
          "is_active": boolean;
          "name": string;
          "pauses_when_blocked": boolean;
          "review_minutes": number | null;
          "segment": string | null;
          "severity": string | null;
          "triage_minutes": number | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_minutes"?: number | null;
          "answer_minutes"?: number | null;
          "applies_from"?: string;
          "calendar_id"?: string | null;
          "clock"?: string;
          "created_at"?: string;
          "engineering_minutes"?: number | null;
          "id"?: string;
          "is_active"?: boolean;
          "name": string;
          "pauses_when_blocked"?: boolean;
          "review_minutes"?: number | null;
          "segment"?: string | null;
          "severity"?: string | null;
          "triage_minutes"?: number | null;
          "updated_at"?: string;
        };
        Update: {
          "agent_minutes"?: number | null;
          "answer_minutes"?: number | null;
          "applies_from"?: string;
          "calendar_id"?: string | null;
          "clock"?: string;
          "created_at"?: string;
          "engineering_minutes"?: number | null;
          "id"?: string;
          "is_active"?: boolean;
          "name"?: string;
          "pauses_when_blocked"?: boolean;
          "review_minutes"?: number | null;
          "segment"?: string | null;
          "severity"?: string | null;
          "triage_minutes"?: number | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "service_policies_calendar_id_fkey";
            columns: ["calendar_id"];
            isOneToOne: false;
            referencedRelation: "service_calendars";
            referencedColumns: ["id"];
          },
        ];
      };
      "service_targets": {
        Row: {
          "breached_at": string | null;
          "cancelled_at": string | null;
          "created_at": string;
          "due_at": string | null;
          "generation": number;
          "issue_id": string;
          "met_at": string | null;
          "policy_id": string | null;
          "stage": string;
          "started_at": string;
          "target_seconds": number;
          "updated_at": string;
          "warn_at": string | null;
          "warned_at": string | null;
        };
        ComputedFields: never;
        Insert: {
          "breached_at"?: string | null;
          "cancelled_at"?: string | null;
          "created_at"?: string;
          "due_at"?: string | null;
          "generation": number;
          "issue_id": string;
          "met_at"?: string | null;
          "policy_id"?: string | null;
          "stage": string;
          "started_at": string;
          "target_seconds": number;
          "updated_at"?: string;
          "warn_at"?: string | null;
          "warned_at"?: string | null;
        };
        Update: {
          "breached_at"?: string | null;
          "cancelled_at"?: string | null;
          "created_at"?: string;
          "due_at"?: string | null;
          "generation"?: number;
          "issue_id"?: string;
          "met_at"?: string | null;
          "policy_id"?: string | null;
          "stage"?: string;
          "started_at"?: string;
          "target_seconds"?: number;
          "updated_at"?: string;
          "warn_at"?: string | null;
          "warned_at"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_policy_id_fkey";
            columns: ["policy_id"];
            isOneToOne: false;
            referencedRelation: "service_policies";
            referencedColumns: ["id"];
          },
        ];
      };
      "sync_runs": {
        Row: {
          "cost": number;
          "counts": NonNullable<Json>;
          "ended_at": string | null;
          "error_code": string | null;
          "id": number;
          "is_requested": boolean;
          "next_attempt_at": string | null;
          "platform": string;
          "platform_connection_id": string;
          "started_at": string;
          "state": string;
        };
        ComputedFields: never;
        Insert: {
          "cost"?: number;
          "counts"?: NonNullable<Json>;
          "ended_at"?: string | null;
          "error_code"?: string | null;
          "id"?: number;
          "is_requested"?: boolean;
          "next_attempt_at"?: string | null;
          "platform": string;
          "platform_connection_id": string;
          "started_at"?: string;
          "state"?: string;
        };
        Update: {
          "cost"?: number;
          "counts"?: NonNullable<Json>;
          "ended_at"?: string | null;
          "error_code"?: string | null;
          "id"?: number;
          "is_requested"?: boolean;
          "next_attempt_at"?: string | null;
          "platform"?: string;
          "platform_connection_id"?: string;
          "started_at"?: string;
          "state"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "sync_runs_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
      "tags": {
        Row: {
          "created_at": string;
          "name": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "name": string;
        };
        Update: {
          "created_at"?: string;
          "name"?: string;
        };
        Relationships: [];
      };
      "task_attempts": {
        Row: {
          "agent": string;
          "attempt": number;
          "claim_key": string | null;
          "claimed_at": string;
          "ended_at": string | null;
          "error": string | null;
          "error_kind": string | null;
          "fencing_token": number;
          "heartbeat_at": string;
          "is_retryable": boolean | null;
          "lease_expires_at": string;
          "outcome": string | null;
          "project_id": number | null;
          "task_id": number;
          "user_id": string;
          "worker": string;
          "worker_token_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "agent": string;
          "attempt": number;
          "claim_key"?: string | null;
          "claimed_at"?: string;
          "ended_at"?: string | null;
          "error"?: string | null;
          "error_kind"?: string | null;
          "fencing_token"?: number;
          "heartbeat_at"?: string;
          "is_retryable"?: boolean | null;
          "lease_expires_at": string;
          "outcome"?: string | null;
          "project_id"?: number | null;
          "task_id": number;
          "user_id": string;
          "worker": string;
          "worker_token_id"?: string | null;
        };
        Update: {
          "agent"?: string;
          "attempt"?: number;
          "claim_key"?: string | null;
          "claimed_at"?: string;
          "ended_at"?: string | null;
          "error"?: string | null;
          "error_kind"?: string | null;
          "fencing_token"?: number;
          "heartbeat_at"?: string;
          "is_retryable"?: boolean | null;
          "lease_expires_at"?: string;
          "outcome"?: string | null;
          "project_id"?: number | null;
          "task_id"?: number;
          "user_id"?: string;
          "worker"?: string;
          "worker_token_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "task_attempts_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "task_list";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "task_attempts_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "tasks";
            referencedColumns: ["id"];
          },
        ];
      };
      "task_pull_requests": {
        Row: {
          "created_at": string;
          "opened_at": string | null;
          "pull_request_id": number;
          "source": string;
          "task_id": number;
          "updated_at": string;
          "user_id": string;
          "verified_at": string | null;
          "verified_by": string | null;
          "verified_until": string | null;
          "verify_after": string | null;
          "verify_failures_count": number;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "opened_at"?: string | null;
          "pull_request_id": number;
          "source": string;
          "task_id": number;
          "updated_at"?: string;
          "user_id": string;
          "verified_at"?: string | null;
          "verified_by"?: string | null;
          "verified_until"?: string | null;
          "verify_after"?: string | null;
          "verify_failures_count"?: number;
        };
        Update: {
          "created_at"?: string;
          "opened_at"?: string | null;
          "pull_request_id"?: number;
          "source"?: string;
          "task_id"?: number;
          "updated_at"?: string;
          "user_id"?: string;
          "verified_at"?: string | null;
          "verified_by"?: string | null;
          "verified_until"?: string | null;
          "verify_after"?: string | null;
          "verify_failures_count"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "task_pull_requests_pull_request_id_fkey";
            columns: ["pull_request_id"];
            isOneToOne: false;
            referencedRelation: "pull_requests";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "task_pull_requests_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "task_list";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "task_pull_requests_task_id_fkey";
            columns: ["task_id"];
            isOneToOne: false;
            referencedRelation: "tasks";
            referencedColumns: ["id"];
          },
        ];
      };
      "tasks": {
        Row: {
          "agent": string;
          "attempts_count": number;
          "changed_files": NonNullable<Json>;
          "chat_messages": NonNullable<Json>;
          "commit_hash": string | null;
          "completed_at": string | null;
          "container_id": string | null;
          "created_at": string;
          "error": string | null;
          "error_kind": string | null;
          "execution_metadata": NonNullable<Json>;
          "git_diff": string | null;
          "git_patch": string | null;
          "id": number;
          "max_attempts": number;
          "pr_branch": string | null;
          "pr_number": number | null;
          "pr_url": string | null;
          "priority": number;
          "project_id": number | null;
          "repo_url": string | null;
          "run_after": string;
          "started_at": string | null;
          "status": Database["public"]["Enums"]["task_status"];
          "stored_bytes": number;
          "target_branch": string | null;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent"?: string;
          "attempts_count"?: number;
          "changed_files"?: NonNullable<Json>;
          "chat_messages"?: NonNullable<Json>;
          "commit_hash"?: string | null;
          "completed_at"?: string | null;
          "container_id"?: string | null;
          "created_at"?: string;
          "error"?: string | null;
          "error_kind"?: string | null;
          "execution_metadata"?: NonNullable<Json>;
          "git_diff"?: string | null;
          "git_patch"?: string | null;
          "id"?: number;
          "max_attempts"?: number;
          "pr_branch"?: string | null;
          "pr_number"?: number | null;
          "pr_url"?: string | null;
          "priority"?: number;
          "project_id"?: number | null;
          "repo_url"?: string | null;
          "run_after"?: string;
          "started_at"?: string | null;
          "status"?: Database["public"]["Enums"]["task_status"];
          "stored_bytes"?: number;
          "target_branch"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Update: {
          "agent"?: string;
          "attempts_count"?: number;
          "changed_files"?: NonNullable<Json>;
          "chat_messages"?: NonNullable<Json>;
          "commit_hash"?: string | null;
          "completed_at"?: string | null;
          "container_id"?: string | null;
          "created_at"?: string;
          "error"?: string | null;
          "error_kind"?: string | null;
          "execution_metadata"?: NonNullable<Json>;
          "git_diff"?: string | null;
          "git_patch"?: string | null;
          "id"?: number;
          "max_attempts"?: number;
          "pr_branch"?: string | null;
          "pr_number"?: number | null;
          "pr_url"?: string | null;
          "priority"?: number;
          "project_id"?: number | null;
          "repo_url"?: string | null;
          "run_after"?: string;
          "started_at"?: string | null;
          "status"?: Database["public"]["Enums"]["task_status"];
          "stored_bytes"?: number;
          "target_branch"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "tasks_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "tasks_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "team_members": {
        Row: {
          "created_at": string;
          "display_name": string | null;
          "role": string;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "display_name"?: string | null;
          "role": string;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "created_at"?: string;
          "display_name"?: string | null;
          "role"?: string;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "tracker_settings": {
        Row: {
          "assist_daily_calls": number;
          "assist_daily_characters": number;
          "created_at": string;
          "event_retention_days": number;
          "id": boolean;
          "triage_precision": number | null;
          "triage_threshold": number;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "assist_daily_calls"?: number;
          "assist_daily_characters"?: number;
          "created_at"?: string;
          "event_retention_days"?: number;
          "id"?: boolean;
          "triage_precision"?: number | null;
          "triage_threshold"?: number;
          "updated_at"?: string;
        };
        Update: {
          "assist_daily_calls"?: number;
          "assist_daily_characters"?: number;
          "created_at"?: string;
          "event_retention_days"?: number;
          "id"?: boolean;
          "triage_precision"?: number | null;
          "triage_threshold"?: number;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "triage_reliability": {
        Row: {
          "bin": number;
          "count": number;
          "created_at": string;
          "observed": number;
          "predicted": number;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "bin": number;
          "count": number;
          "created_at"?: string;
          "observed": number;
          "predicted": number;
          "updated_at"?: string;
        };
        Update: {
          "bin"?: number;
          "count"?: number;
          "created_at"?: string;
          "observed"?: number;
          "predicted"?: number;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "triage_weights": {
        Row: {
          "auth": number;
          "code": number;
          "feature": string;
          "issue": number;
          "misc": number;
          "shipped": (number)[] | null;
          "tool": number;
        };
        ComputedFields: never;
        Insert: {
          "auth"?: number;
          "code"?: number;
          "feature": string;
          "issue"?: number;
          "misc"?: number;
          "shipped"?: (number)[] | null;
          "tool"?: number;
        };
        Update: {
          "auth"?: number;
          "code"?: number;
          "feature"?: string;
          "issue"?: number;
          "misc"?: number;
          "shipped"?: (number)[] | null;
          "tool"?: number;
        };
        Relationships: [];
      };
      "user_sessions": {
        Row: {
          "created_at": string;
          "id": string;
          "last_active": string;
          "profile_name": string;
          "profile_role": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "last_active"?: string;
          "profile_name"?: string;
          "profile_role"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "last_active"?: string;
          "profile_name"?: string;
          "profile_role"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "users": {
        Row: {
          "avatar_url": string | null;
          "created_at": string;
          "email": string | null;
          "full_name": string | null;
          "github_token": string | null;
          "github_username": string | null;
          "id": string;
          "max_running_tasks": number | null;
          "preferences": NonNullable<Json>;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "email"?: string | null;
          "full_name"?: string | null;
          "github_token"?: string | null;
          "github_username"?: string | null;
          "id": string;
          "max_running_tasks"?: number | null;
          "preferences"?: NonNullable<Json>;
          "updated_at"?: string;
        };
        Update: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "email"?: string | null;
          "full_name"?: string | null;
          "github_token"?: string | null;
          "github_username"?: string | null;
          "id"?: string;
          "max_running_tasks"?: number | null;
          "preferences"?: NonNullable<Json>;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "webhook_endpoints": {
        Row: {
          "created_at": string;
          "created_by_user_id": string | null;
          "disabled_at": string | null;
          "disabled_reason": string | null;
          "events": (string)[];
          "failing_since": string | null;
          "id": string;
          "is_active": boolean;
          "kind": string;
          "name": string;
          "rests_until": string | null;
          "updated_at": string;
          "url": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "created_by_user_id"?: string | null;
          "disabled_at"?: string | null;
          "disabled_reason"?: string | null;
          "events"?: (string)[];
          "failing_since"?: string | null;
          "id"?: string;
          "is_active"?: boolean;
          "kind"?: string;
          "name": string;
          "rests_until"?: string | null;
          "updated_at"?: string;
          "url": string;
        };
        Update: {
          "created_at"?: string;
          "created_by_user_id"?: string | null;
          "disabled_at"?: string | null;
          "disabled_reason"?: string | null;
          "events"?: (string)[];
          "failing_since"?: string | null;
          "id"?: string;
          "is_active"?: boolean;
          "kind"?: string;
          "name"?: string;
          "rests_until"?: string | null;
          "updated_at"?: string;
          "url"?: string;
        };
        Relationships: [];
      };
      "worker_tokens": {
        Row: {
          "agents": (string)[];
          "created_at": string;
          "created_by": string | null;
          "expires_at": string;
          "id": string;
          "last_used_at": string | null;
          "name": string;
          "revoked_at": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "agents": (string)[];
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string;
          "id"?: string;
          "last_used_at"?: string | null;
          "name": string;
          "revoked_at"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "agents"?: (string)[];
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string;
          "id"?: string;
          "last_used_at"?: string | null;
          "name"?: string;
          "revoked_at"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "worker_tokens_created_by_fkey";
            columns: ["created_by"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "worker_tokens_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspace_invitations": {
        Row: {
          "accepted_at": string | null;
          "accepted_by": string | null;
          "created_at": string;
          "created_by": string;
          "expires_at": string;
          "id": string;
          "revoked_at": string | null;
          "role": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "accepted_at"?: string | null;
          "accepted_by"?: string | null;
          "created_at"?: string;
          "created_by": string;
          "expires_at": string;
          "id"?: string;
          "revoked_at"?: string | null;
          "role": string;
          "workspace_id": string;
        };
        Update: {
          "accepted_at"?: string | null;
          "accepted_by"?: string | null;
          "created_at"?: string;
          "created_by"?: string;
          "expires_at"?: string;
          "id"?: string;
          "revoked_at"?: string | null;
          "role"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_invitations_accepted_by_fkey";
            columns: ["accepted_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "workspace_invitations_created_by_fkey";
            columns: ["created_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "workspace_invitations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspace_members": {
        Row: {
          "joined_at": string;
          "role": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "joined_at"?: string;
          "role"?: string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "joined_at"?: string;
          "role"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_members_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "workspace_members_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspaces": {
        Row: {
          "created_at": string;
          "description": string | null;
          "id": string;
          "name": string;
          "owner_id": string;
          "slug": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "description"?: string | null;
          "id"?: string;
          "name": string;
          "owner_id"?: string;
          "slug": string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "description"?: string | null;
          "id"?: string;
          "name"?: string;
          "owner_id"?: string;
          "slug"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspaces_owner_id_fkey";
            columns: ["owner_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      "youtube_channel_stats": {
        Row: {
          "created_at": string;
          "date": string;
          "id": string;
          "platform_connection_id": string;
          "subscriber_count": number;
          "total_views": number;
          "video_count": number;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "date": string;
          "id"?: string;
          "platform_connection_id": string;
          "subscriber_count"?: number;
          "total_views"?: number;
          "video_count"?: number;
        };
        Update: {
          "created_at"?: string;
          "date"?: string;
          "id"?: string;
          "platform_connection_id"?: string;
          "subscriber_count"?: number;
          "total_views"?: number;
          "video_count"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "youtube_channel_stats_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
      "youtube_videos": {
        Row: {
          "comment_count": number;
          "description": string | null;
          "duration_seconds": number | null;
          "id": string;
          "like_count": number;
          "platform_connection_id": string;
          "published_at": string;
          "removed_at": string | null;
          "synced_at": string;
          "thumbnail_url": string | null;
          "title": string;
          "view_count": number;
          "youtube_video_id": string;
        };
        ComputedFields: never;
        Insert: {
          "comment_count"?: number;
          "description"?: string | null;
          "duration_seconds"?: number | null;
          "id"?: string;
          "like_count"?: number;
          "platform_connection_id": string;
          "published_at": string;
          "removed_at"?: string | null;
          "synced_at"?: string;
          "thumbnail_url"?: string | null;
          "title": string;
          "view_count"?: number;
          "youtube_video_id": string;
        };
        Update: {
          "comment_count"?: number;
          "description"?: string | null;
          "duration_seconds"?: number | null;
          "id"?: string;
          "like_count"?: number;
          "platform_connection_id"?: string;
          "published_at"?: string;
          "removed_at"?: string | null;
          "synced_at"?: string;
          "thumbnail_url"?: string | null;
          "title"?: string;
          "view_count"?: number;
          "youtube_video_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "youtube_videos_platform_connection_id_fkey";
            columns: ["platform_connection_id"];
            isOneToOne: false;
            referencedRelation: "platform_connections";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Views: {
      "circle_sync_status": {
        Row: {
          "attempts_count": number;
          "chat_room_uuid": string | null;
          "error": string | null;
          "is_running": boolean | null;
          "kind": string;
          "next_read_at": string;
          "read_at": string | null;
          "space_id": number | null;
          "space_name": string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "circle_reads_chat_room_uuid_fkey";
            columns: ["chat_room_uuid"];
            isOneToOne: true;
            referencedRelation: "circle_spaces";
            referencedColumns: ["chat_room_uuid"];
          },
        ];
      };
      "circle_triage_queue": {
        Row: {
          "author_email": string | null;
          "author_name": string;
          "body": string;
          "created_at": string;
          "id": string;
          "is_thread": boolean;
          "is_verdict_unreadable": boolean;
          "link": string | null;
          "message_id": string;
          "posted_at": string | null;
          "removed_at": string | null;
          "segment": string | null;
          "sender_verdict": number | null;
          "space_id": string | null;
          "space_name": string | null;
          "title": string;
          "triage_confidence": number;
          "triage_notes": string | null;
        };
        ComputedFields: never;
        Insert: {
          "author_email"?: string | null;
          "author_name"?: string | null;
          "body"?: string | null;
          "created_at"?: string | null;
          "id"?: string | null;
          "is_thread"?: boolean | null;
          "is_verdict_unreadable"?: boolean | null;
          "link"?: string | null;
          "message_id"?: string | null;
          "posted_at"?: string | null;
          "removed_at"?: string | null;
          "segment"?: string | null;
          "sender_verdict"?: number | null;
          "space_id"?: string | null;
          "space_name"?: string | null;
          "title"?: string | null;
          "triage_confidence"?: number | null;
          "triage_notes"?: string | null;
        };
        Update: {
          "author_email"?: string | null;
          "author_name"?: string | null;
          "body"?: string | null;
          "created_at"?: string | null;
          "id"?: string | null;
          "is_thread"?: boolean | null;
          "is_verdict_unreadable"?: boolean | null;
          "link"?: string | null;
          "message_id"?: string | null;
          "posted_at"?: string | null;
          "removed_at"?: string | null;
          "segment"?: string | null;
          "sender_verdict"?: number | null;
          "space_id"?: string | null;
          "space_name"?: string | null;
          "title"?: string | null;
          "triage_confidence"?: number | null;
          "triage_notes"?: string | null;
        };
        Relationships: [];
      };
      "exai_active_issues": {
        Row: {
          "active_blockers_count": number;
          "active_children_count": number;
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocked_parents_count": number;
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "completed_steps": number;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "duplicate_of": number | null;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "is_ready": boolean;
          "is_to_be_closed": boolean | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "progress_percentage": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "skipped_steps": number;
          "status": string;
          "title": string;
          "total_steps": number;
          "updated_at": string;
          "verification_date": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "exai_ready_issues": {
        Row: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "completed_steps": number;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "level_risk": number | null;
          "line_end": number | null;
          "line_start": number | null;
          "progress_percentage": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "reporters_count": number | null;
          "root_cause": string | null;
          "severity": string;
          "skipped_steps": number;
          "status": string;
          "title": string;
          "total_steps": number;
          "total_unblocks_count": number | null;
          "unblocks_count": number;
          "updated_at": string;
          "verification_date": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "failed_circle_events": {
        Row: {
          "attempts": number;
          "error": string | null;
          "errors": Json | null;
          "id": string;
          "next_attempt_at": string | null;
          "processed_at": string | null;
          "received_at": string;
          "received_count": number;
          "status": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number | null;
          "error"?: string | null;
          "errors"?: never;
          "id"?: string | null;
          "next_attempt_at"?: string | null;
          "processed_at"?: string | null;
          "received_at"?: string | null;
          "received_count"?: number | null;
          "status"?: string | null;
        };
        Update: {
          "attempts"?: number | null;
          "error"?: string | null;
          "errors"?: never;
          "id"?: string | null;
          "next_attempt_at"?: string | null;
          "processed_at"?: string | null;
          "received_at"?: string | null;
          "received_count"?: number | null;
          "status"?: string | null;
        };
        Relationships: [];
      };
      "failed_github_deliveries": {
        Row: {
          "attempts_count": number;
          "delivery_id": string | null;
          "error": string | null;
          "event_type": string | null;
          "id": string;
          "next_attempt_at": string | null;
          "processed_at": string | null;
          "received_at": string;
          "received_count": number;
          "status": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts_count"?: number | null;
          "delivery_id"?: string | null;
          "error"?: string | null;
          "event_type"?: string | null;
          "id"?: string | null;
          "next_attempt_at"?: string | null;
          "processed_at"?: string | null;
          "received_at"?: string | null;
          "received_count"?: number | null;
          "status"?: string | null;
        };
        Update: {
          "attempts_count"?: number | null;
          "delivery_id"?: string | null;
          "error"?: string | null;
          "event_type"?: string | null;
          "id"?: string | null;
          "next_attempt_at"?: string | null;
          "processed_at"?: string | null;
          "received_at"?: string | null;
          "received_count"?: number | null;
          "status"?: string | null;
        };
        Relationships: [];
      };
      "goal_progress": {
        Row: {
          "achieved_at": string | null;
          "baseline_value": number | null;
          "current_value": number;
          "days_left": number | null;
          "direction": string;
          "end_date": string | null;
          "goal_type": string;
          "id": string;
          "is_achieved": boolean;
          "metric": string;
          "pace_needed": number | null;
          "pace_present": number | null;
          "percentage": number | null;
          "platform": string;
          "projected_on": string | null;
          "remaining": number | null;
          "start_date": string;
          "status": string | null;
          "target_value": number;
          "unit": string;
          "user_id": string;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "goals_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "goals_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "issue_activity_log": {
        Row: {
          "assigned_to": string | null;
          "id": string;
          "issue_title": string;
          "last_comment_at": string;
          "last_commenter": string | null;
          "resolved_at": string | null;
          "resolved_by": string | null;
          "segment": string;
          "status": string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "issue_escalations": {
        Row: {
          "conversation_id": string | null;
          "escalated_at": string;
          "escalation_id": string;
          "escalation_status": string | null;
          "issue_id": string;
          "issue_status": string;
          "issue_type": string | null;
          "resolved_at": string | null;
          "seq_id": number;
          "title": string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "issue_import_differences": {
        Row: {
          "circle_issue_id": string;
          "current_value": string | null;
          "field": string | null;
          "imported_at": string;
          "imported_value": string | null;
          "issue_id": string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "issue_status_ages": {
        Row: {
          "age_bucket": string | null;
          "issue_count": number | null;
          "oldest_created_at": string | null;
          "segment": string | null;
          "status": string | null;
          "unassigned_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "issue_trends": {
        Row: {
          "median_hours": number | null;
          "opened_count": number | null;
          "p90_hours": number | null;
          "resolved_count": number | null;
          "segment": string | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "issues_by_space": {
        Row: {
          "issue_count": number | null;
          "last_issue_at": string | null;
          "median_hours_to_resolve": number | null;
          "open_count": number | null;
          "p90_hours_to_resolve": number | null;
          "resolved_count": number | null;
          "space_id": string | null;
          "space_name": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_costs": {
        Row: {
          "answers_count": number | null;
          "cost_per_answer_usd": number | null;
          "cost_usd": number | null;
          "counted_at": string | null;
          "tasks_count": number | null;
          "unanswered_cost_usd": number | null;
          "unpriced_tasks_count": number | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_endpoint_alerts": {
        Row: {
          "endpoint_id": string | null;
          "kind": string | null;
          "name": string | null;
          "owner": string | null;
          "owner_user_id": string | null;
          "reason": string | null;
          "since": string | null;
          "state": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_flow_daily": {
        Row: {
          "counted_at": string | null;
          "day": string | null;
          "entered_count": number | null;
          "issues_count": number | null;
          "left_count": number | null;
          "status": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_funnel": {
        Row: {
          "conversion": number | null;
          "counted_at": string | null;
          "dimension": string | null;
          "hop": string | null;
          "hop_number": number | null;
          "issues_count": number | null;
          "key": string | null;
          "label": string | null;
          "median_seconds": number | null;
          "median_total_seconds": number | null;
          "p90_seconds": number | null;
          "p90_total_seconds": number | null;
          "share": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_journeys": {
        Row: {
          "answered_at": string | null;
          "answered_business_seconds": number | null;
          "answered_seconds": number | null;
          "dispatched_at": string | null;
          "dispatched_business_seconds": number | null;
          "dispatched_seconds": number | null;
          "fixed_at": string | null;
          "fixed_business_seconds": number | null;
          "fixed_seconds": number | null;
          "generation": number;
          "issue_created_at": string;
          "issue_id": string;
          "merged_at": string | null;
          "merged_business_seconds": number | null;
          "merged_seconds": number | null;
          "opened_at": string | null;
          "opened_business_seconds": number | null;
          "opened_seconds": number | null;
          "promoted_at": string | null;
          "promoted_business_seconds": number | null;
          "promoted_seconds": number | null;
          "reported_at": string | null;
          "resolved_at": string | null;
          "resolved_business_seconds": number | null;
          "resolved_seconds": number | null;
          "segment": string;
          "seq_id": number;
          "shipped_at": string | null;
          "shipped_business_seconds": number | null;
          "shipped_seconds": number | null;
          "space_id": string | null;
          "space_name": string | null;
          "started_at": string | null;
          "started_business_seconds": number | null;
          "started_seconds": number | null;
          "status": string;
          "title": string;
          "total_business_seconds": number | null;
          "total_seconds": number | null;
          "triaged_at": string | null;
          "triaged_business_seconds": number | null;
          "triaged_seconds": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "loop_silent_fixes": {
        Row: {
          "age": string | null;
          "fixed_at": string | null;
          "generation": number | null;
          "issue_id": string | null;
          "reporters_count": number | null;
          "segment": string | null;
          "seq_id": number | null;
          "status": string | null;
          "title": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "open_issues": {
        Row: {
          "age": string | null;
          "age_bucket": string | null;
          "assigned_to": string | null;
          "assigned_to_user_id": string | null;
          "comment_count": number;
          "created_at": string;
          "id": string;
          "is_mine": boolean | null;
          "ready_for_delivery": boolean | null;
          "segment": string;
          "seq_id": number;
          "status": string;
          "submitted_by": string;
          "tags": (string)[];
          "title": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "open_service_targets": {
        Row: {
          "assigned_to": string | null;
          "due_at": string | null;
          "generation": number;
          "is_breached": boolean | null;
          "is_paused": boolean | null;
          "issue_id": string;
          "policy_id": string | null;
          "policy_name": string | null;
          "segment": string;
          "seq_id": number;
          "stage": string;
          "started_at": string;
          "status": string;
          "title": string;
          "used_share": number | null;
          "warn_at": string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_activity_log";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_escalations";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issue_import_differences";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "loop_journeys";
            referencedColumns: ["issue_id"];
          },
          {
            foreignKeyName: "service_targets_issue_id_fkey";
            columns: ["issue_id"];
            isOneToOne: false;
            referencedRelation: "open_issues";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "service_targets_policy_id_fkey";
            columns: ["policy_id"];
            isOneToOne: false;
            referencedRelation: "service_policies";
            referencedColumns: ["id"];
          },
        ];
      };
      "pull_requests_weekly": {
        Row: {
          "closed_count": number | null;
          "median_hours_to_merge": number | null;
          "merge_rate": number | null;
          "merged_count": number | null;
          "opened_count": number | null;
          "p90_hours_to_merge": number | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "repeated_questions": {
        Row: {
          "example_title": string | null;
          "first_at": string | null;
          "issue_count": number | null;
          "issue_ids": (string)[] | null;
          "last_at": string | null;
          "people_count": number | null;
          "question_key": string | null;
          "resolved_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "service_attainment": {
        Row: {
          "breached_count": number | null;
          "counted_at": string | null;
          "kept_count": number | null;
          "kept_share": number | null;
          "open_count": number | null;
          "p90_seconds": number | null;
          "stage": string | null;
          "targets_count": number | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "slow_queries": {
        Row: {
          "cache_hit_rate": number | null;
          "calls_count": number | null;
          "max_milliseconds": number | null;
          "mean_milliseconds": number | null;
          "query": string | null;
          "rows_count": number | null;
          "total_seconds": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "task_completion_weekly": {
        Row: {
          "agent": string | null;
          "average_seconds": number | null;
          "cancelled_count": number | null;
          "completed_count": number | null;
          "completion_rate": number | null;
          "failed_count": number | null;
          "model": string | null;
          "p90_seconds": number | null;
          "tasks_count": number | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "task_errors_weekly": {
        Row: {
          "agent": string | null;
          "error_kind": string | null;
          "failure_rate": number | null;
          "failures_count": number | null;
          "share": number | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "task_list": {
        Row: {
          "agent": string;
          "attempts_count": number;
          "commit_hash": string | null;
          "completed_at": string | null;
          "container_id": string | null;
          "created_at": string;
          "diff_bytes": number | null;
          "error_bytes": number | null;
          "error_kind": string | null;
          "id": number;
          "max_attempts": number;
          "patch_bytes": number | null;
          "pr_branch": string | null;
          "pr_number": number | null;
          "pr_url": string | null;
          "priority": number;
          "project_id": number | null;
          "repo_url": string | null;
          "run_after": string;
          "started_at": string | null;
          "status": Database["public"]["Enums"]["task_status"];
          "stored_bytes": number;
          "target_branch": string | null;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent"?: string | null;
          "attempts_count"?: number | null;
          "commit_hash"?: string | null;
          "completed_at"?: string | null;
          "container_id"?: string | null;
          "created_at"?: string | null;
          "diff_bytes"?: never;
          "error_bytes"?: never;
          "error_kind"?: string | null;
          "id"?: number | null;
          "max_attempts"?: number | null;
          "patch_bytes"?: never;
          "pr_branch"?: string | null;
          "pr_number"?: number | null;
          "pr_url"?: string | null;
          "priority"?: number | null;
          "project_id"?: number | null;
          "repo_url"?: string | null;
          "run_after"?: string | null;
          "started_at"?: string | null;
          "status"?: Database["public"]["Enums"]["task_status"] | null;
          "stored_bytes"?: number | null;
          "target_branch"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "agent"?: string | null;
          "attempts_count"?: number | null;
          "commit_hash"?: string | null;
          "completed_at"?: string | null;
          "container_id"?: string | null;
          "created_at"?: string | null;
          "diff_bytes"?: never;
          "error_bytes"?: never;
          "error_kind"?: string | null;
          "id"?: number | null;
          "max_attempts"?: number | null;
          "patch_bytes"?: never;
          "pr_branch"?: string | null;
          "pr_number"?: number | null;
          "pr_url"?: string | null;
          "priority"?: number | null;
          "project_id"?: number | null;
          "repo_url"?: string | null;
          "run_after"?: string | null;
          "started_at"?: string | null;
          "status"?: Database["public"]["Enums"]["task_status"] | null;
          "stored_bytes"?: number | null;
          "target_branch"?: string | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "tasks_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "tasks_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "user_activity_weekly": {
        Row: {
          "agents_count": number | null;
          "completed_count": number | null;
          "last_active_at": string | null;
          "projects_count": number | null;
          "tasks_count": number | null;
          "user_id": string | null;
          "week": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "accept_workspace_invitation": {
        Args: { "token": string };
        Returns: {
          "created_at": string;
          "description": string | null;
          "id": string;
          "name": string;
          "owner_id": string;
          "slug": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "workspaces";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "add_business_minutes": {
        Args: { "calendar_id"?: string; "from_at": string; "minutes": number };
        Returns: string;
      };
      "add_team_member": {
        Args: { "email"?: string; "role"?: string; "user_id"?: string };
        Returns: {
          "created_at": string;
          "display_name": string | null;
          "role": string;
          "updated_at": string;
          "user_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "team_members";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "append_task_message": {
        Args: { "content": string; "idempotency_key"?: string; "role": string; "task_id": number };
        Returns: Json;
      };
      "approve_delivery": {
        Args: { "id": number };
        Returns: {
          "approved_by": string | null;
          "approved_by_user_id": string | null;
          "attempts_count": number;
          "body": string | null;
          "channel": string;
          "created_at": string;
          "dedupe_key": string;
          "deliver_after": string;
          "delivered_at": string | null;
          "endpoint_id": string | null;
          "event_id": number | null;
          "generation": number | null;
          "id": number;
          "issue_id": string | null;
          "kind": string;
          "last_error": string | null;
          "payload": NonNullable<Json>;
          "reference": string | null;
          "status": string;
        };
        SetofOptions: {
          from: "*";
          to: "deliveries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "backfill_snapshots": { Args: { "from": string; "to": string; "user_id"?: string }; Returns: number };
      "begin_circle_token": { Args: { "rejected_id"?: string }; Returns: Json };
      "begin_deliver": { Args: { "ticket"?: string }; Returns: number };
      "begin_github_sweep": { Args: { "batch_size"?: number; "ticket"?: string }; Returns: Json };
      "begin_token_refresh": { Args: { "connection_id": string; "secret_id": string }; Returns: Json };
      "cancel_delivery": {
        Args: { "id": number };
        Returns: {
          "approved_by": string | null;
          "approved_by_user_id": string | null;
          "attempts_count": number;
          "body": string | null;
          "channel": string;
          "created_at": string;
          "dedupe_key": string;
          "deliver_after": string;
          "delivered_at": string | null;
          "endpoint_id": string | null;
          "event_id": number | null;
          "generation": number | null;
          "id": number;
          "issue_id": string | null;
          "kind": string;
          "last_error": string | null;
          "payload": NonNullable<Json>;
          "reference": string | null;
          "status": string;
        };
        SetofOptions: {
          from: "*";
          to: "deliveries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "cancel_task": { Args: { "task_id": number }; Returns: Json };
      "claim_circle_reads": { Args: { "batch_size"?: number; "ticket"?: string }; Returns: Json };
      "claim_deliveries": {
        Args: { "channel": string; "lease_seconds"?: number; "max_count"?: number };
        Returns: {
          "attempt": number;
          "body": string;
          "created_at": string;
          "endpoint_id": string;
          "fencing_token": number;
          "id": number;
          "issue_id": string;
          "kind": string;
          "payload": Json;
          "sent_at": string;
        }[];
      };
      "claim_due_monitors": { Args: { "batch_size"?: number; "ticket"?: string }; Returns: Json };
      "claim_exai_issue": {
        Args: { "conversation_id"?: string; "issue_number": number; "minutes"?: number };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "status": string;
          "title": string;
          "updated_at": string;
          "verification_date": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issues";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "claim_oauth_state": {
        Args: { "attempt": string; "challenge": string; "platform": string; "state_hash": string };
        Returns: Json;
      };
      "claim_task": {
        Args: {
          "agents": (string)[];
          "claim_key"?: string;
          "except_projects"?: (number)[];
          "except_users"?: (string)[];
          "lease_seconds"?: number;
          "worker": string;
          "worker_token"?: string;
        };
        Returns: Database["public"]["CompositeTypes"]["claimed_task"][];
        SetofOptions: {
          from: "*";
          to: "claimed_task";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "claim_triage_questions": { Args: { "batch_size"?: number; "ticket"?: string }; Returns: Json };
      "cleanup_legacy_test_data": { Args: { "days_old"?: number }; Returns: number };
      "complete_connection": {
        Args: { "code_hash": string; "platform": string; "replace"?: boolean };
        Returns: Json;
      };
      "complete_task": {
        Args: {
          "changed_files"?: Json;
          "commit_hash"?: string;
          "execution_metadata"?: Json;
          "fencing_token": number;
          "git_diff"?: string;
          "git_patch"?: string;
          "message"?: string;
          "pr_branch"?: string;
          "pr_number"?: number;
          "pr_url"?: string;
          "task_id": number;
          "worker_token"?: string;
        };
        Returns: Json;
      };
      "confirm_delivery": {
        Args: { "id": number; "reference"?: string };
        Returns: {
          "approved_by": string | null;
          "approved_by_user_id": string | null;
          "attempts_count": number;
          "body": string | null;
          "channel": string;
          "created_at": string;
          "dedupe_key": string;
          "deliver_after": string;
          "delivered_at": string | null;
          "endpoint_id": string | null;
          "event_id": number | null;
          "generation": number | null;
          "id": number;
          "issue_id": string | null;
          "kind": string;
          "last_error": string | null;
          "payload": NonNullable<Json>;
          "reference": string | null;
          "status": string;
        };
        SetofOptions: {
          from: "*";
          to: "deliveries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "connect_by_key": {
        Args: {
          "account": Json;
          "platform": string;
          "replace"?: boolean;
          "sealed": string;
          "secret_id": string;
          "user_id": string;
        };
        Returns: Json;
      };
      "count_business_seconds": {
        Args: { "calendar_id"?: string; "from_at": string; "to_at": string };
        Returns: number;
      };
      "count_token_check": { Args: { "kind": string; "user_id": string }; Returns: number };
      "create_webhook_endpoint": {
        Args: {
          "events"?: (string)[];
          "id": string;
          "kind"?: string;
          "name": string;
          "sealed": string;
          "secret_id": string;
          "url": string;
        };
        Returns: {
          "created_at": string;
          "created_by_user_id": string | null;
          "disabled_at": string | null;
          "disabled_reason": string | null;
          "events": (string)[];
          "failing_since": string | null;
          "id": string;
          "is_active": boolean;
          "kind": string;
          "name": string;
          "rests_until": string | null;
          "updated_at": string;
          "url": string;
        };
        SetofOptions: {
          from: "*";
          to: "webhook_endpoints";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "create_worker_token": {
        Args: { "agents": (string)[]; "expires_in_days"?: number; "for_everybody"?: boolean; "name": string };
        Returns: {
          "id": string;
          "token": string;
        }[];
      };
      "create_workspace": {
        Args: { "description"?: string; "name": string; "slug"?: string };
        Returns: {
          "created_at": string;
          "description": string | null;
          "id": string;
          "name": string;
          "owner_id": string;
          "slug": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "workspaces";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "create_workspace_invitation": {
        Args: { "expires_in_hours"?: number; "role"?: string; "workspace_id": string };
        Returns: {
          "expires_at": string;
          "id": string;
          "token": string;
        }[];
      };
      "dashboard": { Args: { "workspace"?: string }; Returns: Json };
      "determine_segment": { Args: { "p_description": string; "p_title": string }; Returns: string };
      "disconnect_platform": { Args: { "platform": string; "user_id": string }; Returns: Json };
      "dismiss_circle_issue": { Args: { "circle_issue_id": string; "notes"?: string }; Returns: undefined };
      "dispatch_issue": {
        Args: {
          "agent"?: string;
          "instructions"?: string;
          "issue_number": number;
          "priority"?: number;
          "project_id": number;
        };
        Returns: {
          "created_at": string;
          "dispatched_by": string;
          "exai_issue_id": string;
          "task_id": number;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issue_tasks";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "due_circle_threads": {
        Args: { "fencing_token": number; "hours"?: number; "max_threads"?: number; "read_id": number };
        Returns: Json;
      };
      "exai_issue_context": {
        Args: {
          "issue_number": number;
          "max_items"?: number;
          "sections"?: (string)[];
          "since"?: string;
          "skip_items"?: number;
        };
        Returns: Json;
      };
      "explain_triage": {
        Args: { "body": string; "title": string };
        Returns: {
          "auth": number;
          "code": number;
          "issue": number;
          "misc": number;
          "priority": number;
          "reason": string;
          "segment": string;
          "tool": number;
          "weight": number;
          "words": string;
        }[];
      };
      "export_exai_issues": { Args: Record<PropertyKey, never>; Returns: Json };
      "export_exai_lines": { Args: Record<PropertyKey, never>; Returns: string[] };
      "fail_circle_token": { Args: { "error": string; "fencing_token": number }; Returns: string };
      "fail_delivery": {
        Args: {
          "counted"?: boolean;
          "error": string;
          "fencing_token": number;
          "final"?: boolean;
          "id": number;
          "retry_after_seconds"?: number;
          "status_code"?: number;
        };
        Returns: string;
      };
      "fail_task": {
        Args: {
          "error": string;
          "error_kind"?: string;
          "execution_metadata"?: Json;
          "fencing_token": number;
          "message"?: string;
          "retryable"?: boolean;
          "task_id": number;
          "worker_token"?: string;
        };
        Returns: Json;
      };
      "fail_token_refresh": {
        Args: {
          "connection_id": string;
          "fencing_token": number;
          "is_uncertain"?: boolean;
          "rejection"?: string;
          "retry_after"?: number;
          "secret_id": string;
        };
        Returns: Json;
      };
      "find_team_accounts": {
        Args: { "email"?: string; "user_id"?: string };
        Returns: {
          "confirmed_at": string;
          "confirmed_by": string;
          "created_at": string;
          "email": string;
          "last_sign_in_at": string;
          "role": string;
          "user_id": string;
        }[];
      };
      "finish_circle_read": {
        Args: { "fencing_token": number; "read_id": number; "result": Json };
        Returns: boolean;
      };
      "finish_circle_thread": {
        Args: {
          "began_at": string;
          "fencing_token": number;
          "from_id"?: number;
          "parent_id": number;
          "read_id": number;
          "replies_state": string;
        };
        Returns: Json;
      };
      "finish_circle_token": { Args: { "fencing_token": number; "token": Json }; Returns: boolean };
      "finish_deliveries": {
        Args: { "delivered_as"?: (string)[]; "fencing_tokens": (number)[]; "ids": (number)[] };
        Returns: (number)[];
      };
      "finish_delivery": {
        Args: { "fencing_token": number; "id": number; "reference"?: string };
        Returns: undefined;
      };
      "finish_github_check": {
        Args: {
          "etag"?: string;
          "outcome": string;
          "pull_request"?: string;
          "pull_request_id": number;
          "read_at"?: string;
          "user_id": string;
        };
        Returns: undefined;
      };
      "finish_sync_run": {
        Args: { "fencing_token": number; "result": Json; "run_id": number };
        Returns: boolean;
      };
      "finish_token_refresh": {
        Args: {
          "connection_id": string;
          "fencing_token": number;
          "new_secret_id": string;
          "sealed": string;
          "secret_id": string;
          "token_expires_at": string;
        };
        Returns: string;
      };
      "format_circle_message_description": { Args: { "p_circle_issue_id": string }; Returns: string };
      "github_token_status": { Args: Record<PropertyKey, never>; Returns: Json };
      "handle_circle_webhook": { Args: { "request": Json }; Returns: Json };
      "heartbeat_task": {
        Args: {
          "execution_metadata"?: Json;
          "fencing_token": number;
          "lease_seconds"?: number;
          "message"?: string;
          "target_branch"?: string;
          "task_id": number;
          "worker_token"?: string;
        };
        Returns: Json;
      };
      "import_circle_issue": {
        Args: {
          "circle_issue_id": string;
          "issue_id"?: string;
          "notes"?: string;
          "segment"?: string;
          "title"?: string;
        };
        Returns: string;
      };
      "import_exai_issues": { Args: { "document": Json }; Returns: Json };
      "ingest_circle_event": { Args: { "body": string }; Returns: Json };
      "ingest_github_delivery": {
        Args: { "body": string; "delivery_id": string; "event": string };
        Returns: Json;
      };
      "insert_checklist_step": {
        Args: {
          "conversation_id"?: string;
          "description"?: string;
          "issue_id": string;
          "status"?: string;
          "step_number"?: number;
        };
        Returns: {
          "completed_at": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "description": string;
          "id": string;
          "issue_id": string;
          "status": string;
          "step_number": number;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issue_checklist";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "is_github_repository": {
        Args: { "github_id": number; "name": string; "owner": string };
        Returns: boolean;
      };
      "link_issue": {
        Args: { "issue_id": string; "issue_number": number };
        Returns: {
          "created_at": string;
          "exai_issue_id": string;
          "issue_id": string;
          "linked_by": string;
          "linked_by_user_id": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "issue_links";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "link_pull_request": {
        Args: { "intent"?: string; "issue_number": number; "url": string };
        Returns: {
          "closed_at": string | null;
          "created_at": string;
          "exai_issue_id": string;
          "intent": string;
          "is_from_fork": boolean;
          "is_linked_by_server": boolean;
          "linked_by": string | null;
          "linked_by_user_id": string | null;
          "merged_at": string | null;
          "number": number;
          "opened_at": string | null;
          "pull_request_id": number;
          "repo_name": string;
          "repo_owner": string;
          "source": string;
          "state": string;
          "task_id": number | null;
          "updated_at": string;
          "url": string;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issue_pull_requests";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "list_active_exai_issues": {
        Args: {
          "after_issue_number"?: number;
          "after_severity"?: string;
          "category"?: (string)[];
          "component"?: string;
          "max_results"?: number;
          "severity"?: (string)[];
        };
        Returns: {
          "active_blockers_count": number;
          "active_children_count": number;
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocked_parents_count": number;
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "completed_steps": number;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "duplicate_of": number | null;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "is_ready": boolean;
          "is_to_be_closed": boolean | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "progress_percentage": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "skipped_steps": number;
          "status": string;
          "title": string;
          "total_steps": number;
          "updated_at": string;
          "verification_date": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "exai_active_issues";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_pull_requests": {
        Args: { "before"?: string; "before_id"?: number; "max_results"?: number };
        Returns: {
          "author_login": string | null;
          "base_ref": string | null;
          "closed_at": string | null;
          "created_at": string;
          "head_ref": string | null;
          "head_sha": string | null;
          "html_url": string | null;
          "id": number;
          "is_draft": boolean;
          "is_from_fork": boolean;
          "is_private": boolean | null;
          "merge_commit_sha": string | null;
          "merged_at": string | null;
          "number": number;
          "opened_at": string | null;
          "provider_updated_at": string | null;
          "repo_name": string;
          "repo_owner": string;
          "repository_id": number;
          "state": string;
          "title": string | null;
          "updated_at": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "pull_requests";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_ready_exai_issues": {
        Args: { "max_results"?: number; "order_by"?: string };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "completed_steps": number;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "level_risk": number | null;
          "line_end": number | null;
          "line_start": number | null;
          "progress_percentage": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "reporters_count": number | null;
          "root_cause": string | null;
          "severity": string;
          "skipped_steps": number;
          "status": string;
          "title": string;
          "total_steps": number;
          "total_unblocks_count": number | null;
          "unblocks_count": number;
          "updated_at": string;
          "verification_date": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "exai_ready_issues";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "load_webhook_endpoints": {
        Args: { "ids": (string)[] };
        Returns: {
          "id": string;
          "is_active": boolean;
          "kind": string;
          "rests_until": string;
          "secrets": Json;
          "url": string;
        }[];
      };
      "mark_connection_rejected": {
        Args: { "connection_id": string; "reason"?: string; "secret_id": string };
        Returns: boolean;
      };
      "mark_delivery_sent": {
        Args: { "fencing_token": number; "id": number; "lease_seconds"?: number };
        Returns: string;
      };
      "mark_secret_checked": {
        Args: { "id": string; "is_valid": boolean; "metadata"?: Json };
        Returns: boolean;
      };
      "merge_issues": {
        Args: { "into": string; "source": string };
        Returns: {
          "escalation_ids": (string)[];
          "exai_issue_id": string | null;
          "into_issue_id": string;
          "merged_at": string;
          "merged_by": string;
          "merged_by_user_id": string | null;
          "message_ids": (string)[];
          "source_issue_id": string;
          "source_status": string;
        };
        SetofOptions: {
          from: "*";
          to: "issue_merges";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "metric_series": {
        Args: {
          "from"?: string;
          "granularity"?: string;
          "metric": string;
          "platform": string;
          "to"?: string;
          "workspace"?: string;
        };
        Returns: {
          "delta": number;
          "is_gap": boolean;
          "period": string;
          "value": number;
        }[];
      };
      "missing_circle_messages": {
        Args: { "began_at": string; "fencing_token": number; "posted_since": string; "read_id": number };
        Returns: Json;
      };
      "move_checklist_step": {
        Args: { "from_step_number": number; "issue_id": string; "to_step_number": number };
        Returns: {
          "completed_at": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "description": string;
          "id": string;
          "issue_id": string;
          "status": string;
          "step_number": number;
          "updated_at": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "exai_issue_checklist";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "next_exai_issue": {
        Args: { "conversation_id"?: string; "minutes"?: number };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "status": string;
          "title": string;
          "updated_at": string;
          "verification_date": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "exai_issues";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "open_oauth_flow": {
        Args: { "challenge": string; "state_hash": string; "ticket_hash": string };
        Returns: Json;
      };
      "pause_github_sweep": { Args: { "secret_id"?: string; "until": string }; Returns: string };
      "pause_provider": {
        Args: { "provider": string; "secret_id"?: string; "until"?: string };
        Returns: string;
      };
      "pause_service_levels": {
        Args: { "issue_id": string; "reason": string; "until"?: string };
        Returns: {
          "created_at": string;
          "ends_at": string | null;
          "id": string;
          "issue_id": string;
          "paused_by": string;
          "paused_by_user_id": string | null;
          "reason": string;
          "resumed_by": string | null;
          "starts_at": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "service_pauses";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "pause_triage_assist": { Args: { "until"?: string }; Returns: string };
      "plan_github_contributions": {
        Args: { "at"?: string; "fencing_token": number; "run_id": number };
        Returns: Json;
      };
      "process_circle_event": { Args: { "event_id": string }; Returns: Json };
      "process_circle_webhook": {
        Args: { "p_import_source"?: string; "p_imported_by"?: string; "p_payload": Json };
        Returns: Json;
      };
      "promote_issue": {
        Args: {
          "category"?: string;
          "description"?: string;
          "issue_id": string;
          "severity"?: string;
          "title"?: string;
        };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "status": string;
          "title": string;
          "updated_at": string;
          "verification_date": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issues";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "read_secret": {
        Args: { "kind": string; "user_id": string };
        Returns: {
          "id": string;
          "invalid_at": string;
          "kind": string;
          "metadata": Json;
          "sealed": string;
          "user_id": string;
        }[];
      };
      "receive_circle_event": { Args: { "body": string }; Returns: string };
      "receive_github_delivery": {
        Args: { "body": string; "delivery_id": string; "event": string };
        Returns: string;
      };
      "record_circle_members": {
        Args: { "cursor"?: Json; "fencing_token": number; "members": Json; "read_id": number };
        Returns: number;
      };
      "record_circle_messages": {
        Args: { "cursor"?: Json; "fencing_token": number; "read_id": number; "records": Json };
        Returns: Json;
      };
      "record_circle_removals": {
        Args: { "fencing_token": number; "message_ids": (string)[]; "read_id": number };
        Returns: number;
      };
      "record_circle_threads": {
        Args: { "fencing_token": number; "read_id": number; "threads": Json };
        Returns: Json;
      };
      "record_devto_articles": {
        Args: { "fencing_token": number; "payload": Json; "run_id": number };
        Returns: Json;
      };
      "record_github_branch": {
        Args: { "pull_requests": string; "read_at"?: string; "task_id": number; "user_id": string };
        Returns: number;
      };
      "record_github_contributions": {
        Args: { "fencing_token": number; "payload": Json; "run_id": number };
        Returns: number;
      };
      "record_github_project": {
        Args: { "project_id": number; "read_at"?: string; "repository"?: string };
        Returns: undefined;
      };
      "record_github_repositories": {
        Args: { "fencing_token": number; "payload": Json; "run_id": number };
        Returns: Json;
      };
      "record_loop_repository": {
        Args: {
          "etag"?: string;
          "outcome": string;
          "pull_requests"?: string;
          "read_at"?: string;
          "repository_id": number;
        };
        Returns: number;
      };
      "record_triage_answer": {
        Args: {
          "circle_issue_id": string;
          "confidence"?: number;
          "fencing_token": number;
          "is_issue"?: boolean;
          "model"?: string;
          "outcome": string;
          "segment"?: string;
          "version": string;
        };
        Returns: string;
      };
      "record_youtube_channel": {
        Args: { "fencing_token": number; "payload": Json; "run_id": number };
        Returns: Json;
      };
      "relate_exai_issues": {
        Args: { "conversation_id"?: string; "from_issue_id": string; "kind": string; "to_issue_id": string };
        Returns: {
          "created_at": string;
          "from_issue_id": string;
          "kind": string;
          "to_issue_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issue_relations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "release_exai_issue": {
        Args: { "conversation_id"?: string; "issue_number": number };
        Returns: boolean;
      };
      "release_task": {
        Args: {
          "fencing_token": number;
          "reason"?: string;
          "retry_after_seconds"?: number;
          "task_id": number;
          "worker_token"?: string;
        };
        Returns: Json;
      };
      "renew_exai_claims": {
        Args: { "conversation_id"?: string; "issue_numbers": (number)[] };
        Returns: {
          "claimed_by": string;
          "issue_id": string;
          "issue_number": number;
          "lease_expires_at": string;
          "lost_at": string;
          "status": string;
        }[];
      };
      "replay_circle_events": {
        Args: { "max_events"?: number; "received_from": string; "received_to"?: string };
        Returns: Json;
      };
      "replay_deliveries": {
        Args: {
          "channel"?: string;
          "created_after"?: string;
          "endpoint_id"?: string;
          "ids"?: (number)[];
          "max_count"?: number;
        };
        Returns: number;
      };
      "reseal_secrets": { Args: { "secrets": Json }; Returns: number };
      "reserve_provider_calls": {
        Args: { "calls"?: number; "provider": string; "secret_id"?: string };
        Returns: Json;
      };
      "resume_service_levels": {
        Args: { "issue_id": string };
        Returns: {
          "created_at": string;
          "ends_at": string | null;
          "id": string;
          "issue_id": string;
          "paused_by": string;
          "paused_by_user_id": string | null;
          "reason": string;
          "resumed_by": string | null;
          "starts_at": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "service_pauses";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "return_circle_issue": { Args: { "circle_issue_id": string; "notes"?: string }; Returns: undefined };
      "revoke_worker_token": { Args: { "id": string }; Returns: string };
      "revoke_workspace_invitation": { Args: { "id": string }; Returns: string };
      "rotate_webhook_secret": {
        Args: {
          "endpoint_id": string;
          "overlap_hours"?: number;
          "sealed": string;
          "secret_id": string;
          "url"?: string;
        };
        Returns: string;
      };
      "search_exai_issues": {
        Args: {
          "category"?: (string)[];
          "component"?: string;
          "file"?: string;
          "max_results"?: number;
          "query": string;
          "severity"?: (string)[];
          "skip_results"?: number;
          "status"?: (string)[];
        };
        Returns: {
          "affected_components": (string)[];
          "category": string;
          "conversation_id": string;
          "created_at": string;
          "file_path": string;
          "fix_conversation_id": string;
          "id": string;
          "issue_number": number;
          "line_end": number;
          "line_start": number;
          "rank": number;
          "severity": string;
          "snippet": string;
          "status": string;
          "title": string;
          "updated_at": string;
        }[];
      };
      "search_issues": {
        Args: {
          "assigned_to"?: string;
          "created_from"?: string;
          "created_to"?: string;
          "include_tests"?: boolean;
          "max_results"?: number;
          "mine"?: boolean;
          "query": string;
          "segment"?: (string)[];
          "skip_results"?: number;
          "status"?: (string)[];
          "tags"?: (string)[];
        };
        Returns: {
          "assigned_to": string;
          "created_at": string;
          "id": string;
          "rank": number;
          "segment": string;
          "seq_id": number;
          "snippet": string;
          "status": string;
          "submitted_by": string;
          "tags": (string)[];
          "title": string;
          "updated_at": string;
        }[];
      };
      "secret_key_counts": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "key_id": string;
          "kind": string;
          "secret_count": number;
        }[];
      };
      "secrets_to_rotate": {
        Args: { "after"?: string; "batch_size"?: number; "current_key_id": string };
        Returns: {
          "id": string;
          "kind": string;
          "sealed": string;
          "user_id": string;
        }[];
      };
      "set_exai_issue_status": {
        Args: { "conversation_id"?: string; "issue_number": number; "status": string };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_minutes": number | null;
          "claimed_at": string | null;
          "claimed_by": string | null;
          "claimed_by_user_id": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "created_by": string;
          "created_by_user_id": string | null;
          "description": string;
          "discovery_date": string;
          "file_path": string | null;
          "fix_conversation_id": string | null;
          "fix_date": string | null;
          "id": string;
          "impact_description": string | null;
          "issue_number": number;
          "lease_expires_at": string | null;
          "line_end": number | null;
          "line_start": number | null;
          "recommended_fix": string | null;
          "related_issues": (string)[];
          "root_cause": string | null;
          "severity": string;
          "status": string;
          "title": string;
          "updated_at": string;
          "verification_date": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issues";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "set_github_token": {
        Args: { "id": string; "metadata"?: Json; "sealed": string; "user_id": string };
        Returns: Json;
      };
      "set_max_running_tasks": {
        Args: { "max_running_tasks": number; "user_id": string };
        Returns: undefined;
      };
      "settle_provider_calls": {
        Args: {
          "provider": string;
          "remaining"?: number;
          "reserved_at"?: string;
          "resets_at"?: string;
          "secret_id"?: string;
          "unused"?: number;
        };
        Returns: undefined;
      };
      "ship_issue": {
        Args: { "issue_number": number };
        Returns: {
          "created_at": string;
          "exai_issue_id": string;
          "fixed_at": string | null;
          "fixed_by": string | null;
          "reopened_at": string | null;
          "shipped_at": string | null;
          "shipped_by": string | null;
          "shipped_by_user_id": string | null;
          "status_before": string | null;
          "updated_at": string;
          "version": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "exai_issue_fixes";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "similar_issues": {
        Args: { "description"?: string; "max_results"?: number; "title": string };
        Returns: {
          "created_at": string;
          "id": string;
          "segment": string;
          "seq_id": number;
          "similarity": number;
          "status": string;
          "title": string;
        }[];
      };
      "start_oauth": {
        Args: { "platform": string; "return_to": string; "scope"?: string; "ticket_hash": string };
        Returns: string;
      };
      "store_oauth_grant": {
        Args: {
          "account": Json;
          "attempt": string;
          "code_hash": string;
          "flow_id": string;
          "sealed": string;
          "secret_id": string;
        };
        Returns: boolean;
      };
      "sync_now": { Args: { "monitor_id": string }; Returns: Json };
      "task_github_token": {
        Args: { "fencing_token": number; "task_id": number };
        Returns: {
          "id": string;
          "kind": string;
          "metadata": Json;
          "sealed": string;
          "user_id": string;
        }[];
      };
      "touch_user_session": {
        Args: { "profile_name"?: string; "profile_role"?: string };
        Returns: {
          "created_at": string;
          "id": string;
          "last_active": string;
          "profile_name": string;
          "profile_role": string | null;
          "user_id": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "user_sessions";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "unlink_issue": { Args: { "issue_id": string }; Returns: boolean };
      "unlink_pull_request": { Args: { "issue_number": number; "url": string }; Returns: boolean };
      "unmerge_issues": { Args: { "source": string }; Returns: boolean };
      "unrelate_exai_issues": {
        Args: { "conversation_id"?: string; "from_issue_id": string; "kind": string; "to_issue_id": string };
        Returns: boolean;
      };
      "update_exai_issue": {
        Args: { "changes": Json; "conversation_id"?: string; "issue_number": number };
        Returns: Json;
      };
      "upsert_circle_issue": {
        Args: {
          "p_author_email"?: string;
          "p_author_name"?: string;
          "p_body"?: string;
          "p_is_thread"?: boolean;
          "p_link"?: string;
          "p_message_id": string;
          "p_raw_data"?: Json;
          "p_space_id"?: string;
          "p_space_name"?: string;
          "p_thread_id"?: string;
          "p_title"?: string;
        };
        Returns: string;
      };
    };
    Enums: {
      "task_status": "pending" | "running" | "completed" | "failed" | "cancelled";
    };
    CompositeTypes: {
      "claimed_task": {
        "task_id": number | null;
        "fencing_token": number | null;
        "attempt": number | null;
        "lease_expires_at": string | null;
        "agent": string | null;
        "priority": number | null;
        "user_id": string | null;
        "project_id": number | null;
        "repo_url": string | null;
        "repo_owner": string | null;
        "repo_name": string | null;
        "target_branch": string | null;
        "pr_branch": string | null;
        "chat_messages": Json | null;
        "execution_metadata": Json | null;
        "project_settings": Json | null;
        "github_token": string | null;
      };
    };
  };
  "support": {
    Tables: {
      "answer_ratings": {
        Row: {
          "comment": string | null;
          "created_at": string;
          "is_helpful": boolean;
          "message_id": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "comment"?: string | null;
          "created_at"?: string;
          "is_helpful": boolean;
          "message_id": string;
          "updated_at"?: string;
        };
        Update: {
          "comment"?: string | null;
          "created_at"?: string;
          "is_helpful"?: boolean;
          "message_id"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "answer_ratings_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: true;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
        ];
      };
      "answers": {
        Row: {
          "answer": string;
          "author_user_id": string | null;
          "created_at": string;
          "id": string;
          "is_published": boolean;
          "issue_id": string | null;
          "language": string | null;
          "question": string;
          "updated_at": string;
          "url": string | null;
        };
        ComputedFields: never;
        Insert: {
          "answer": string;
          "author_user_id"?: string | null;
          "created_at"?: string;
          "id"?: string;
          "is_published"?: boolean;
          "issue_id"?: string | null;
          "language"?: string | null;
          "question": string;
          "updated_at"?: string;
          "url"?: string | null;
        };
        Update: {
          "answer"?: string;
          "author_user_id"?: string | null;
          "created_at"?: string;
          "id"?: string;
          "is_published"?: boolean;
          "issue_id"?: string | null;
          "language"?: string | null;
          "question"?: string;
          "updated_at"?: string;
          "url"?: string | null;
        };
        Relationships: [];
      };
      "articles": {
        Row: {
          "author_user_id": string | null;
          "body": string;
          "created_at": string;
          "id": string;
          "is_published": boolean;
          "language": string | null;
          "title": string;
          "updated_at": string;
          "url": string | null;
        };
        ComputedFields: never;
        Insert: {
          "author_user_id"?: string | null;
          "body": string;
          "created_at"?: string;
          "id"?: string;
          "is_published"?: boolean;
          "language"?: string | null;
          "title": string;
          "updated_at"?: string;
          "url"?: string | null;
        };
        Update: {
          "author_user_id"?: string | null;
          "body"?: string;
          "created_at"?: string;
          "id"?: string;
          "is_published"?: boolean;
          "language"?: string | null;
          "title"?: string;
          "updated_at"?: string;
          "url"?: string | null;
        };
        Relationships: [];
      };
      "conversations": {
        Row: {
          "archived_at": string | null;
          "assigned_to_user_id": string | null;
          "closed_at": string | null;
          "created_at": string;
          "id": string;
          "last_message_at": string | null;
          "session_id": string;
          "status": string;
          "taken_over_at": string | null;
          "updated_at": string;
          "user_id": string | null;
          "visitor_email": string | null;
          "visitor_name": string | null;
          "visitor_phone": string | null;
        };
        ComputedFields: never;
        Insert: {
          "archived_at"?: string | null;
          "assigned_to_user_id"?: string | null;
          "closed_at"?: string | null;
          "created_at"?: string;
          "id"?: string;
          "last_message_at"?: string | null;
          "session_id"?: string;
          "status"?: string;
          "taken_over_at"?: string | null;
          "updated_at"?: string;
          "user_id"?: string | null;
          "visitor_email"?: string | null;
          "visitor_name"?: string | null;
          "visitor_phone"?: string | null;
        };
        Update: {
          "archived_at"?: string | null;
          "assigned_to_user_id"?: string | null;
          "closed_at"?: string | null;
          "created_at"?: string;
          "id"?: string;
          "last_message_at"?: string | null;
          "session_id"?: string;
          "status"?: string;
          "taken_over_at"?: string | null;
          "updated_at"?: string;
          "user_id"?: string | null;
          "visitor_email"?: string | null;
          "visitor_name"?: string | null;
          "visitor_phone"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "conversations_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "users";
            referencedColumns: ["id"];
          },
        ];
      };
      "erasures": {
        Row: {
          "conversations_count": number;
          "created_at": string;
          "edited_issues_count": number;
          "escalations_count": number;
          "id": string;
          "issues_count": number;
          "messages_count": number;
          "requested_by": string;
          "requested_by_user_id": string | null;
          "subject_digest": string;
        };
        ComputedFields: never;
        Insert: {
          "conversations_count": number;
          "created_at"?: string;
          "edited_issues_count": number;
          "escalations_count": number;
          "id"?: string;
          "issues_count": number;
          "messages_count": number;
          "requested_by": string;
          "requested_by_user_id"?: string | null;
          "subject_digest": string;
        };
        Update: {
          "conversations_count"?: number;
          "created_at"?: string;
          "edited_issues_count"?: number;
          "escalations_count"?: number;
          "id"?: string;
          "issues_count"?: number;
          "messages_count"?: number;
          "requested_by"?: string;
          "requested_by_user_id"?: string | null;
          "subject_digest"?: string;
        };
        Relationships: [];
      };
      "escalations": {
        Row: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "assigned_to_user_id"?: string | null;
          "contact_info"?: Json | null;
          "conversation_context"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "first_answered_at"?: string | null;
          "id"?: string;
          "is_issue_created"?: boolean;
          "issue_id"?: string | null;
          "issue_type": string;
          "notified_at"?: string | null;
          "notified_count"?: number;
          "original_request": string;
          "raised_at"?: string | null;
          "raised_count"?: number;
          "reason"?: string;
          "resolution_note"?: string | null;
          "resolved_at"?: string | null;
          "resolved_by_user_id"?: string | null;
          "status"?: string;
          "taken_at"?: string | null;
          "updated_at"?: string;
        };
        Update: {
          "assigned_to_user_id"?: string | null;
          "contact_info"?: Json | null;
          "conversation_context"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "first_answered_at"?: string | null;
          "id"?: string;
          "is_issue_created"?: boolean;
          "issue_id"?: string | null;
          "issue_type"?: string;
          "notified_at"?: string | null;
          "notified_count"?: number;
          "original_request"?: string;
          "raised_at"?: string | null;
          "raised_count"?: number;
          "reason"?: string;
          "resolution_note"?: string | null;
          "resolved_at"?: string | null;
          "resolved_by_user_id"?: string | null;
          "status"?: string;
          "taken_at"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "escalations_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "messages": {
        Row: {
          "answer_id": string | null;
          "author_user_id": string | null;
          "client_key": string | null;
          "confidence": number | null;
          "content": string;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "position": number;
          "role": string;
          "source": Json | null;
        };
        ComputedFields: never;
        Insert: {
          "answer_id"?: string | null;
          "author_user_id"?: string | null;
          "client_key"?: string | null;
          "confidence"?: number | null;
          "content": string;
          "conversation_id": string;
          "created_at"?: string;
          "id"?: string;
          "position"?: number;
          "role": string;
          "source"?: Json | null;
        };
        Update: {
          "answer_id"?: string | null;
          "author_user_id"?: string | null;
          "client_key"?: string | null;
          "confidence"?: number | null;
          "content"?: string;
          "conversation_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "position"?: number;
          "role"?: string;
          "source"?: Json | null;
        };
        Relationships: [
          {
            foreignKeyName: "messages_answer_id_fkey";
            columns: ["answer_id"];
            isOneToOne: false;
            referencedRelation: "answers";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "messages_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "phrases": {
        Row: {
          "created_at": string;
          "language": string;
          "phrase": string;
          "text": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "language": string;
          "phrase": string;
          "text": string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "language"?: string;
          "phrase"?: string;
          "text"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "settings": {
        Row: {
          "address_header": string | null;
          "answer_confidence": number;
          "archive_after_days": number;
          "bytes_per_address_day": number | null;
          "close_after_days": number;
          "conversations_per_address_day": number | null;
          "created_at": string;
          "escalation_due_minutes": number;
          "id": boolean;
          "message_max_bytes": number;
          "messages_per_address_day": number | null;
          "messages_per_address_minute": number | null;
          "messages_per_conversation": number | null;
          "messages_per_session_minute": number | null;
          "model_confidence": number;
          "model_timeout_seconds": number;
          "model_tokens_per_conversation_day": number;
          "model_tokens_per_day": number;
          "retention_days": number;
          "trusted_proxies_count": number;
          "unsure_answers_count": number;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "address_header"?: string | null;
          "answer_confidence"?: number;
          "archive_after_days"?: number;
          "bytes_per_address_day"?: number | null;
          "close_after_days"?: number;
          "conversations_per_address_day"?: number | null;
          "created_at"?: string;
          "escalation_due_minutes"?: number;
          "id"?: boolean;
          "message_max_bytes"?: number;
          "messages_per_address_day"?: number | null;
          "messages_per_address_minute"?: number | null;
          "messages_per_conversation"?: number | null;
          "messages_per_session_minute"?: number | null;
          "model_confidence"?: number;
          "model_timeout_seconds"?: number;
          "model_tokens_per_conversation_day"?: number;
          "model_tokens_per_day"?: number;
          "retention_days"?: number;
          "trusted_proxies_count"?: number;
          "unsure_answers_count"?: number;
          "updated_at"?: string;
        };
        Update: {
          "address_header"?: string | null;
          "answer_confidence"?: number;
          "archive_after_days"?: number;
          "bytes_per_address_day"?: number | null;
          "close_after_days"?: number;
          "conversations_per_address_day"?: number | null;
          "created_at"?: string;
          "escalation_due_minutes"?: number;
          "id"?: boolean;
          "message_max_bytes"?: number;
          "messages_per_address_day"?: number | null;
          "messages_per_address_minute"?: number | null;
          "messages_per_conversation"?: number | null;
          "messages_per_session_minute"?: number | null;
          "model_confidence"?: number;
          "model_timeout_seconds"?: number;
          "model_tokens_per_conversation_day"?: number;
          "model_tokens_per_day"?: number;
          "retention_days"?: number;
          "trusted_proxies_count"?: number;
          "unsure_answers_count"?: number;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "users": {
        Row: {
          "created_at": string;
          "email": string | null;
          "id": string;
          "name": string | null;
          "phone": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "email"?: string | null;
          "id"?: string;
          "name"?: string | null;
          "phone"?: string | null;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "email"?: string | null;
          "id"?: string;
          "name"?: string | null;
          "phone"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [];
      };
    };
    Views: {
      "conversation_counts": {
        Row: {
          "conversations_count": number | null;
          "status": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "daily_metrics": {
        Row: {
          "assistant_messages_count": number | null;
          "conversations_count": number | null;
          "counted_at": string | null;
          "day": string | null;
          "escalated_conversations_count": number | null;
          "escalation_rate": number | null;
          "escalations_count": number | null;
          "helpful_count": number | null;
          "helpful_rate": number | null;
          "person_messages_count": number | null;
          "unhelpful_count": number | null;
          "unsure_answers_count": number | null;
          "visitor_messages_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "error_rates": {
        Row: {
          "cause": string | null;
          "day": string | null;
          "error_rate": number | null;
          "errors_count": number | null;
          "operation": string | null;
          "operations_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "forgotten_escalations": {
        Row: {
          "age": string | null;
          "assigned_to": string | null;
          "assigned_to_user_id": string | null;
          "conversation_id": string | null;
          "id": string;
          "issue_type": string | null;
          "original_request": string;
          "raised_count": number;
          "status": string | null;
          "waiting_since": string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "escalations_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "open_escalations": {
        Row: {
          "assigned_to": string | null;
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "issue_id": string | null;
          "issue_type": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_count": number;
          "reason": string;
          "status": string | null;
          "taken_at": string | null;
          "waiting_since": string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "escalations_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "response_times": {
        Row: {
          "counted_at": string | null;
          "day": string | null;
          "kind": string | null;
          "median_seconds": number | null;
          "p90_seconds": number | null;
          "responder": string | null;
          "responses_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "unanswered_questions": {
        Row: {
          "conversations_count": number | null;
          "first_asked_at": string | null;
          "id": string | null;
          "last_asked_at": string | null;
          "last_message_id": string | null;
          "question": string | null;
          "questions_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "unhelpful_answers": {
        Row: {
          "comments": (string)[] | null;
          "helpful_count": number | null;
          "id": string | null;
          "kind": string | null;
          "last_message_id": string | null;
          "last_rated_at": string | null;
          "title": string | null;
          "unhelpful_count": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "answer_escalation": {
        Args: { "client_key"?: string; "content": string; "id": string };
        Returns: {
          "answer_id": string | null;
          "author_user_id": string | null;
          "client_key": string | null;
          "confidence": number | null;
          "content": string;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "position": number;
          "role": string;
          "source": Json | null;
        };
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "begin_answer": {
        Args: {
          "client_key"?: string;
          "content": string;
          "conversation_id"?: string;
          "has_model"?: boolean;
          "headers"?: Json;
          "session_id"?: string;
          "user_id"?: string;
        };
        Returns: Json;
      };
      "claim_conversation": { Args: { "session_id": string }; Returns: string };
      "escalate_conversation": {
        Args: { "conversation_id": string; "issue_type"?: string; "original_request"?: string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "escalation_to_issue": {
        Args: { "id": string; "issue_id"?: string; "segment"?: string; "title"?: string };
        Returns: string;
      };
      "find_answers": {
        Args: { "max_results"?: number; "query": string };
        Returns: {
          "confidence": number;
          "id": string;
          "is_answer": boolean;
          "issue_id": string;
          "kind": string;
          "language": string;
          "passage": string;
          "title": string;
          "url": string;
        }[];
      };
      "finish_answer": {
        Args: {
          "failure"?: string;
          "fencing_token": number;
          "message_id": string;
          "model"?: string;
          "paused_until"?: string;
          "text"?: string;
          "tokens"?: number;
          "used"?: (number)[];
        };
        Returns: Json;
      };
      "forget_user": {
        Args: { "conversation_id"?: string; "user_id"?: string };
        Returns: {
          "conversations_count": number;
          "created_at": string;
          "edited_issues_count": number;
          "escalations_count": number;
          "id": string;
          "issues_count": number;
          "messages_count": number;
          "requested_by": string;
          "requested_by_user_id": string | null;
          "subject_digest": string;
        };
        SetofOptions: {
          from: "*";
          to: "erasures";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "get_conversation": {
        Args: { "session_id": string };
        Returns: Database["support"]["CompositeTypes"]["conversation_state"];
        SetofOptions: {
          from: "*";
          to: "conversation_state";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "get_messages": {
        Args: { "after_position"?: number; "max_results"?: number; "session_id": string };
        Returns: {
          "answer_id": string | null;
          "author_user_id": string | null;
          "client_key": string | null;
          "confidence": number | null;
          "content": string;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "position": number;
          "role": string;
          "source": Json | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "notify_escalation": {
        Args: { "id": string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "rate_answer": {
        Args: { "comment"?: string; "is_helpful": boolean; "message_id": string; "session_id"?: string };
        Returns: {
          "comment": string | null;
          "created_at": string;
          "is_helpful": boolean;
          "message_id": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "answer_ratings";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "record_support_error": { Args: { "cause": string; "operation": string }; Returns: undefined };
      "release_escalation": {
        Args: { "id": string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "request_human": {
        Args: {
          "conversation_id"?: string;
          "issue_type"?: string;
          "request"?: string;
          "session_id"?: string;
        };
        Returns: Record<string, unknown>;
      };
      "resolve_escalation": {
        Args: { "close"?: boolean; "id": string; "note"?: string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "save_contact": {
        Args: { "email"?: string; "name"?: string; "phone"?: string; "session_id": string };
        Returns: undefined;
      };
      "send_message": {
        Args: { "client_key"?: string; "content": string; "session_id": string };
        Returns: {
          "answer_id": string | null;
          "author_user_id": string | null;
          "client_key": string | null;
          "confidence": number | null;
          "content": string;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "position": number;
          "role": string;
          "source": Json | null;
        };
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "start_conversation": {
        Args: { "email"?: string; "name"?: string; "phone"?: string };
        Returns: Database["support"]["CompositeTypes"]["started_conversation"];
        SetofOptions: {
          from: "*";
          to: "started_conversation";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "support_metrics": { Args: { "days"?: number }; Returns: Json };
      "take_escalation": {
        Args: { "id": string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "unlink_escalation_issue": {
        Args: { "id": string };
        Returns: {
          "assigned_to_user_id": string | null;
          "contact_info": Json | null;
          "conversation_context": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "first_answered_at": string | null;
          "id": string;
          "is_issue_created": boolean;
          "issue_id": string | null;
          "issue_type": string;
          "notified_at": string | null;
          "notified_count": number;
          "original_request": string;
          "raised_at": string | null;
          "raised_count": number;
          "reason": string;
          "resolution_note": string | null;
          "resolved_at": string | null;
          "resolved_by_user_id": string | null;
          "status": string;
          "taken_at": string | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "escalations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      "conversation_state": {
        "conversation_id": string | null;
        "status": string | null;
        "created_at": string | null;
        "last_message_at": string | null;
        "last_position": number | null;
      };
      "started_conversation": {
        "session_id": string | null;
        "conversation_id": string | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Insert: infer I;
  } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Update: infer U;
  } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "task_status": ["pending", "running", "completed", "failed", "cancelled"],
    },
  },
  "support": {
    Enums: {},
  },
} as const;
