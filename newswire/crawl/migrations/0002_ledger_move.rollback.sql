DROP TYPE ledger_move;
