<?php
// An application that uses the platform inside its callback: it queues a second message when the first was sent, and
// moves the clock. What it was answered it writes down.
$base = getenv('PLUM_BASE');
$login = getenv('PLUM_LOGIN');
$file = getenv('RESULTS_FILE');
$seen = file_exists($file) ? file_get_contents($file) : '';
$words = array($_POST['status']);
if (strpos($seen, 'sent') === false) {
    $account = strtok($login, ':');
    $fields = array('to' => '16175550123', 'from' => getenv('PLUM_NUMBER'), 'body' => 'From inside');
    $calls = array(
        array("$base/ws/sms/queue.json", http_build_query($fields)),
        array("$base/_plum/clock/advance?account=$account", json_encode(array('seconds' => 60))),
    );
    foreach ($calls as $call) {
        $curl = curl_init($call[0]);
        curl_setopt($curl, CURLOPT_USERPWD, $login);
        curl_setopt($curl, CURLOPT_PROXY, '');
        curl_setopt($curl, CURLOPT_POSTFIELDS, $call[1]);
        curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
        curl_exec($curl);
        $words[] = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    }
}
file_put_contents($file, implode(' ', $words) . "\n", FILE_APPEND);
