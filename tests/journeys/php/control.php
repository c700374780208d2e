<?php
// A test of an application, as a PHP project without a client library would write it: plain streams and JSON.
// Leases an account, queues a message, loses an answer, moves the clock, and states what it expects.
$base = getenv('PLUM_BASE');
$account = '';

function ask($method, $url, $header, $content)
{
    $options = array('method' => $method, 'header' => $header, 'content' => $content, 'ignore_errors' => true);
    $answer = @file_get_contents($url, false, stream_context_create(array('http' => $options)));
    if ($answer === false) {
        return array(0, '');
    }
    preg_match('/ (\d{3})/', $http_response_header[0], $status);
    return array((int) $status[1], $answer);
}

function control($method, $path, $value = null)
{
    global $base, $account;
    $content = $value === null ? '' : json_encode($value);
    list($status, $answer) = ask(
        $method,
        "$base/_plum/$path" . ($account ? '?account=' . urlencode($account) : ''),
        'Content-Type: application/json',
        $content
    );
    return array($status, json_decode($answer, true));
}

function must($held, $what)
{
    if (!$held) {
        fwrite(STDERR, "not as expected: $what\n");
        exit(1);
    }
}

list($status, $lease) = control('POST', 'accounts/lease', array('clock' => 'manual', 'callback_attempts' => 2));
must($status === 201, 'a lease');
$account = $lease['username'];

function queue($body)
{
    global $base, $lease;
    $fields = array(
        'to' => '16175550123',
        'from' => $lease['numbers'][0],
        'body' => $body,
        'result_url' => $lease['sink_url'],
    );
    $login = base64_encode("$lease[username]:$lease[password]");
    $header = "Authorization: Basic $login\r\nContent-Type: application/x-www-form-urlencoded";
    list($status, $answer) = ask('POST', "$base/ws/sms/queue.json", $header, http_build_query($fields));
    return array($status, json_decode($answer, true));
}

list($status, $queued) = queue('Your code is 4711, naïve friend');
must($status === 200 && $queued['status'] === 'success', 'a queued message');
$id = $queued['result']['sms_messages'][0]['sms_message_id'];

list($status, $verdict) = control('POST', 'expect', array('body' => array('contains' => 'naïve'), 'extract' => 'code'));
must($status === 200 && $verdict['extracted'] === '4711', 'the code in the message');

list($status, $report) = control('POST', 'clock/advance', array('until' => 'idle'));
must($status === 200 && count($report['statuses']) === 2, 'two statuses');
list($status) = control('POST', 'expect/callbacks', array('sms_message_id' => $id, 'count' => 2, 'http_status' => 200));
must($status === 200, 'two callbacks at the sink');

control('POST', 'rules', array('id' => 'lost', 'when' => array('nth' => 1), 'then' => array('answer_lost' => true)));
list($status) = queue('Only once, please');
must($status === 0, 'an answer that is lost');
list($status) = queue('Only once, please');
must($status === 200, 'an answer to the second try');
list($status, $verdict) = control('POST', 'expect', array('body' => 'Only once, please', 'count' => 1));
must($status === 417, 'an expectation that does not hold: it was sent twice');
echo $verdict['error'], "\n";

list($status, $rule) = control('GET', 'rules/lost');
must($status === 200 && $rule['fired'] === 1, 'a rule that fired once');
list($status) = control('DELETE', "accounts/$account");
must($status === 200, 'the end of the lease');
list($status) = control('GET', 'clock');
must($status === 404, 'an account that is gone');
echo "done\n";
