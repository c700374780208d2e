<?php
// Queues one message, in the manner of Plum's published sample: the fields go to curl as an array.
$base = getenv('PLUM_BASE') ?: 'https://hosting.plumvoice.com';

$username = 'username';
$password = 'password';

$fields = array(
    'to' => '19998881234',
    'from' => '2435678910',
    'body' => getenv('BODY') ?: 'Hello from the queue service',
    'result_url' => getenv('RESULT_URL') ?: 'http://myserver.com/storesmsresults.php',
);

$curl = curl_init($base . '/ws/sms/queue.xml');
curl_setopt($curl, CURLOPT_USERPWD, $username . ':' . $password);
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, $fields);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$answer = curl_exec($curl);
if ($answer === false) {
    fwrite(STDERR, curl_error($curl) . "\n");
    exit(1);
}
curl_close($curl);
echo $answer;
