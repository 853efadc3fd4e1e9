"""Facts about approvals and jobs."""

APPROVAL_REQUESTED = "approval.requested"
APPROVAL_AUTOMATIC = "approval.automatic"
APPROVAL_GIVEN = "approval.given"
APPROVAL_REJECTED = "approval.rejected"
APPROVAL_VOIDED = "approval.voided"
