// Generated from the migrations by `npm run db:types`.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
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
          "link": string | null;
          "mapped_to_issue_id": string | null;
          "message_id": string;
          "posted_at": string | null;
          "raw_data": NonNullable<Json>;
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
          "link"?: string | null;
          "mapped_to_issue_id"?: string | null;
          "message_id": string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
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
          "link"?: string | null;
          "mapped_to_issue_id"?: string | null;
          "message_id"?: string;
          "posted_at"?: string | null;
          "raw_data"?: NonNullable<Json>;
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
          "step_number": number;
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
          "claim_expires_at": string | null;
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
          "claim_expires_at"?: string | null;
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
          "claim_expires_at"?: string | null;
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
          "segment": string;
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
          "created_at": string;
          "event_retention_days": number;
          "id": boolean;
          "triage_threshold": number;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "event_retention_days"?: number;
          "id"?: boolean;
          "triage_threshold"?: number;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "event_retention_days"?: number;
          "id"?: boolean;
          "triage_threshold"?: number;
          "updated_at"?: string;
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
    };
    Views: {
      "circle_triage_queue": {
        Row: {
          "author_email": string | null;
          "author_name": string;
          "body": string;
          "created_at": string;
          "id": string;
          "is_thread": boolean;
          "link": string | null;
          "message_id": string;
          "posted_at": string | null;
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
          "link"?: string | null;
          "message_id"?: string | null;
          "posted_at"?: string | null;
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
          "link"?: string | null;
          "message_id"?: string | null;
          "posted_at"?: string | null;
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
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_expires_at": string | null;
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
          "claim_expires_at": string | null;
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
      "issue_activity_log": {
        Row: {
          "assigned_to": string | null;
          "id": string;
          "issue_title": string;
          "last_comment_at": string | null;
          "last_commenter": string | null;
          "resolved_at": string | null;
          "resolved_by": string | null;
          "segment": string;
          "status": string;
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
    };
    Functions: {
      "add_team_member": {
        Args: { "email": string; "role": string };
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
      "claim_exai_issue": {
        Args: { "p_conversation_id"?: string; "p_issue_number": number; "p_minutes"?: number };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_expires_at": string | null;
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
      "cleanup_legacy_test_data": { Args: { "days_old"?: number }; Returns: number };
      "determine_segment": { Args: { "p_description": string; "p_title": string }; Returns: string };
      "dismiss_circle_issue": {
        Args: { "p_circle_issue_id": string; "p_notes"?: string };
        Returns: undefined;
      };
      "exai_issue_context": { Args: { "issue_number": number }; Returns: Json };
      "explain_triage": {
        Args: { "p_body": string; "p_title": string };
        Returns: {
          "priority": number;
          "segment": string;
          "weight": number;
          "words": string;
        }[];
      };
      "export_exai_issues": { Args: Record<PropertyKey, never>; Returns: Json };
      "export_exai_lines": { Args: Record<PropertyKey, never>; Returns: string[] };
      "format_circle_message_description": { Args: { "p_circle_issue_id": string }; Returns: string };
      "handle_circle_webhook": { Args: { "request": Json }; Returns: Json };
      "import_circle_issue": {
        Args: {
          "p_circle_issue_id": string;
          "p_issue_id"?: string;
          "p_notes"?: string;
          "p_segment"?: string;
          "p_title"?: string;
        };
        Returns: string;
      };
      "import_exai_issues": { Args: { "p_document": Json }; Returns: Json };
      "ingest_circle_event": { Args: { "p_body": string }; Returns: Json };
      "insert_checklist_step": {
        Args: {
          "p_conversation_id"?: string;
          "p_description"?: string;
          "p_issue_id": string;
          "p_status"?: string;
          "p_step_number"?: number;
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
      "move_checklist_step": {
        Args: { "p_from": number; "p_issue_id": string; "p_to": number };
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
        Args: { "p_conversation_id"?: string; "p_minutes"?: number };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_expires_at": string | null;
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
      "process_circle_event": { Args: { "p_event_id": string }; Returns: Json };
      "process_circle_webhook": {
        Args: { "p_import_source"?: string; "p_imported_by"?: string; "p_payload": Json };
        Returns: Json;
      };
      "receive_circle_event": { Args: { "p_body": string }; Returns: string };
      "relate_exai_issues": {
        Args: { "p_from": string; "p_kind": string; "p_to": string };
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
        Args: { "p_conversation_id"?: string; "p_issue_number": number };
        Returns: boolean;
      };
      "replay_circle_events": {
        Args: { "p_from": string; "p_limit"?: number; "p_to"?: string };
        Returns: Json;
      };
      "return_circle_issue": {
        Args: { "p_circle_issue_id": string; "p_notes"?: string };
        Returns: undefined;
      };
      "search_exai_issues": {
        Args: {
          "p_category"?: (string)[];
          "p_component"?: string;
          "p_file"?: string;
          "p_limit"?: number;
          "p_offset"?: number;
          "p_severity"?: (string)[];
          "p_status"?: (string)[];
          "query": string;
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
      "set_exai_issue_status": {
        Args: { "p_conversation_id"?: string; "p_issue_number": number; "p_status": string };
        Returns: {
          "actual_fix": string | null;
          "affected_components": (string)[];
          "blocked_by_issues": (string)[];
          "blocks_issues": (string)[];
          "category": string;
          "claim_expires_at": string | null;
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
      "unrelate_exai_issues": {
        Args: { "p_from": string; "p_kind": string; "p_to": string };
        Returns: boolean;
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
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
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
    Enums: {},
  },
} as const;
