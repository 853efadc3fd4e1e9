"""What the receivables book promises over rows: balance, append-only, allocations that add up.

Row constraints are in the models; a sum over rows needs a trigger. Those that compare rows of one
transaction are deferred to its commit.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the_ledger_is_append_only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER the_ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER the_ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger_line
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER the_ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger_allocation
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER the_ledger_is_not_truncated BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER the_ledger_is_not_truncated BEFORE TRUNCATE ON ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER the_ledger_is_not_truncated BEFORE TRUNCATE ON ledger_allocation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- An entry has at least two lines, and they sum to zero in document and functional currency.
CREATE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines integer; functional numeric; unbalanced text;
BEGIN
    SELECT count(*), coalesce(sum(l.functional), 0) INTO lines, functional
    FROM ledger_line l WHERE l.entry_id = NEW.id;
    IF lines < 2 OR functional <> 0 THEN
        RAISE EXCEPTION 'a_ledger_entry_balances: entry % has % lines and sums to %', NEW.id, lines, functional
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT l.currency INTO unbalanced FROM ledger_line l WHERE l.entry_id = NEW.id
    GROUP BY l.currency HAVING sum(l.amount) <> 0 LIMIT 1;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'a_ledger_entry_balances: entry % does not balance in %', NEW.id, unbalanced
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_ledger_entry_balances AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances();

-- Lines join an entry only in the transaction that wrote it, so the check above has seen them all.
CREATE FUNCTION ledger_line_joins_new_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM new_lines n JOIN ledger_entry e ON e.id = n.entry_id
        WHERE e.transaction <> pg_current_xact_id()::text::bigint
    ) THEN
        RAISE EXCEPTION 'a_posted_entry_gets_no_more_lines' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER a_posted_entry_gets_no_more_lines AFTER INSERT ON ledger_line
    REFERENCING NEW TABLE AS new_lines
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_line_joins_new_entry();

-- An allocation joins items of one entity, currency and customer group, not before either exists.
CREATE FUNCTION ledger_allocation_joins_likes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d ledger_openitem; c ledger_openitem;
BEGIN
    IF NEW.debit_id IS NOT NULL THEN
        SELECT * INTO d FROM ledger_openitem WHERE id = NEW.debit_id;
        IF d.side <> 'debit' OR d.currency <> NEW.currency OR NEW.on < d.opened_on THEN
            RAISE EXCEPTION 'an_allocation_settles_a_debit_in_its_currency_after_its_date'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.credit_id IS NOT NULL THEN
        SELECT * INTO c FROM ledger_openitem WHERE id = NEW.credit_id;
        IF c.side <> 'credit' OR c.currency <> NEW.currency OR NEW.on < c.opened_on THEN
            RAISE EXCEPTION 'an_allocation_uses_a_credit_in_its_currency_after_its_date'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.debit_id IS NOT NULL AND NEW.credit_id IS NOT NULL AND (
        d.entity_id <> c.entity_id OR (
            d.customer_id <> c.customer_id AND
            (SELECT coalesce(parent_id, id) FROM customers_customer WHERE id = d.customer_id) <>
            (SELECT coalesce(parent_id, id) FROM customers_customer WHERE id = c.customer_id)
        )
    ) THEN
        RAISE EXCEPTION 'an_allocation_stays_with_one_entity_and_customer_group'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER an_allocation_joins_likes BEFORE INSERT ON ledger_allocation
    FOR EACH ROW EXECUTE FUNCTION ledger_allocation_joins_likes();

-- The kept open amounts equal what the allocations leave.
CREATE FUNCTION ledger_prove_item(item bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    i ledger_openitem; used numeric; relieved numeric;
BEGIN
    SELECT * INTO i FROM ledger_openitem WHERE id = item;
    IF i.side = 'debit' THEN
        SELECT coalesce(sum(a.amount), 0), coalesce(sum(a.functional), 0) INTO used, relieved
        FROM ledger_allocation a WHERE a.debit_id = item;
    ELSE
        SELECT coalesce(sum(a.amount), 0), coalesce(sum(a.credit_functional), 0) INTO used, relieved
        FROM ledger_allocation a WHERE a.credit_id = item;
    END IF;
    IF i.open_amount <> i.amount - used OR i.open_functional <> i.functional_amount - relieved THEN
        RAISE EXCEPTION 'an_open_amount_equals_what_allocations_leave: item %', item
            USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION ledger_prove_changed_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_prove_item(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_prove_allocated_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.debit_id IS NOT NULL THEN PERFORM ledger_prove_item(NEW.debit_id); END IF;
    IF NEW.credit_id IS NOT NULL THEN PERFORM ledger_prove_item(NEW.credit_id); END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_new_item_is_open_in_full AFTER INSERT ON ledger_openitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.open_amount <> NEW.amount OR NEW.open_functional <> NEW.functional_amount)
    EXECUTE FUNCTION ledger_prove_changed_item();
CREATE CONSTRAINT TRIGGER an_open_amount_equals_what_allocations_leave
    AFTER UPDATE OF open_amount, open_functional ON ledger_openitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_prove_changed_item();
CREATE CONSTRAINT TRIGGER allocations_leave_what_is_open AFTER INSERT ON ledger_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_prove_allocated_items();

-- Of an open item only what is open, what is held and (by a new agreement) when it is due may change.
CREATE FUNCTION ledger_item_keeps_its_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR
       (OLD.entity_id, OLD.customer_id, OLD.side, OLD.kind, OLD.reference, OLD.currency, OLD.amount,
        OLD.functional_amount, OLD.opened_on) IS DISTINCT FROM
       (NEW.entity_id, NEW.customer_id, NEW.side, NEW.kind, NEW.reference, NEW.currency, NEW.amount,
        NEW.functional_amount, NEW.opened_on) THEN
        RAISE EXCEPTION 'an_open_item_keeps_its_facts: % on %', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER an_open_item_keeps_its_facts BEFORE UPDATE OR DELETE ON ledger_openitem
    FOR EACH ROW EXECUTE FUNCTION ledger_item_keeps_its_facts();
CREATE TRIGGER an_open_item_is_not_truncated BEFORE TRUNCATE ON ledger_openitem
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""

BACKWARD = """
DROP TRIGGER an_open_item_is_not_truncated ON ledger_openitem;
DROP TRIGGER an_open_item_keeps_its_facts ON ledger_openitem;
DROP TRIGGER allocations_leave_what_is_open ON ledger_allocation;
DROP TRIGGER an_open_amount_equals_what_allocations_leave ON ledger_openitem;
DROP TRIGGER a_new_item_is_open_in_full ON ledger_openitem;
DROP TRIGGER an_allocation_joins_likes ON ledger_allocation;
DROP TRIGGER a_posted_entry_gets_no_more_lines ON ledger_line;
DROP TRIGGER a_ledger_entry_balances ON ledger_entry;
DROP TRIGGER the_ledger_is_not_truncated ON ledger_allocation;
DROP TRIGGER the_ledger_is_not_truncated ON ledger_line;
DROP TRIGGER the_ledger_is_not_truncated ON ledger_entry;
DROP TRIGGER the_ledger_is_append_only ON ledger_allocation;
DROP TRIGGER the_ledger_is_append_only ON ledger_line;
DROP TRIGGER the_ledger_is_append_only ON ledger_entry;
DROP FUNCTION ledger_item_keeps_its_facts();
DROP FUNCTION ledger_prove_allocated_items();
DROP FUNCTION ledger_prove_changed_item();
DROP FUNCTION ledger_prove_item(bigint);
DROP FUNCTION ledger_allocation_joins_likes();
DROP FUNCTION ledger_line_joins_new_entry();
DROP FUNCTION ledger_entry_balances();
DROP FUNCTION ledger_refuse_change();
"""

ACCOUNTS = {
    "1000": "Bank",
    "1100": "Receivables control",
    "1190": "Allowance for doubtful debts",
    "1200": "Unidentified receipts",
    "1300": "Tax deducted at source receivable",
    "2100": "Customer credit and unapplied cash",
    "2200": "Output tax",
    "2210": "Output CGST",
    "2220": "Output SGST and UTGST",
    "2230": "Output IGST",
    "2400": "Contract liability",
    "4000": "Revenue",
    "4100": "Sales discounts",
    "4200": "Credit notes and returns",
    "4300": "Late fee income",
    "4910": "Exchange gain and loss",
    "4920": "Unrealised exchange gain and loss",
    "4990": "Rounding and small differences",
    "6800": "Bad debts",
    "6810": "Bank charges",
}


def add_accounts(apps, schema_editor):
    account = apps.get_model("ledger", "Account")
    account.objects.bulk_create(account(code=code, name=name) for code, name in ACCOUNTS.items())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("customers", "0001_initial")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(add_accounts, migrations.RunPython.noop),
    ]
