<?php
// The result URL of Plum's published sample: keeps each status that is posted, one line each.
$line = $_POST['sms_message_id'] . ' ' . $_POST['status'] . "\n";
file_put_contents(getenv('RESULTS_FILE'), $line, FILE_APPEND | LOCK_EX);
