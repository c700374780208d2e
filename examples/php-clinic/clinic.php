<?php
declare(strict_types=1);

const ORDER = ['', 'queued', 'sent', 'received', 'failed', 'undelivered'];

class NotTaken extends Exception
{
}

class NoAnswer extends Exception
{
}

/** Queues a text once, also when an answer gets lost: it is looked for before another try. Returns its id. */
function send_text(string $phone, string $body, string $result_url): string
{
    $fields = ['to' => $phone, 'from' => getenv('PLUM_NUMBER'), 'body' => $body, 'result_url' => $result_url];
    try {
        $answer = ask_plum('queue.json', post: $fields);
    } catch (NoAnswer) {
        $id = queued_before($phone, $body);
        if ($id !== null) {
            return $id;
        }
        $answer = ask_plum('queue.json', post: $fields);
    }
    if ($answer['status'] !== 'success') {
        throw new NotTaken($answer['error']);
    }
    return $answer['result']['sms_messages'][0]['sms_message_id'];
}

function queued_before(string $phone, string $body): ?string
{
    $wanted = ['phone_number' => $phone, 'phone_number_type' => 'customer', 'type' => 'outbound'];
    $answer = ask_plum('messages.json?' . http_build_query($wanted));
    foreach ($answer['result']['sms_messages'] as $message) {
        if ($message['body'] === $body) {
            return $message['sms_message_id'];
        }
    }
    return null;
}

/** Asks one of Plum's services, and reads its JSON. Throws NoAnswer when none came. */
function ask_plum(string $service, ?array $post = null): array
{
    $base = getenv('PLUM_BASE_URL') ?: 'https://hosting.plumvoice.com';
    $curl = curl_init($base . '/ws/sms/' . $service);
    curl_setopt($curl, CURLOPT_USERPWD, getenv('PLUM_USERNAME') . ':' . getenv('PLUM_PASSWORD'));
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($curl, CURLOPT_TIMEOUT, 5);
    if ($post !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, http_build_query($post));
    }
    $answer = curl_exec($curl);
    if ($answer === false) {
        throw new NoAnswer(curl_error($curl));
    }
    return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
}

function answer_to(string $text): string
{
    return match (strtoupper(trim($text))) {
        'RESULT' => 'Your result is here: call us & ask for "Ann" <between 9 and 5>',
        'HOURS' => 'We are open from 9 to 5.',
        default => 'Text RESULT or HOURS.',
    };
}

function reply(string $body): string
{
    return '<reply><sms_message>' . htmlspecialchars($body, ENT_XML1) . '</sms_message></reply>';
}

/** Keeps a status; one that is older than what is known changes nothing. */
function keep_status(string $id, string $status): void
{
    if (array_search($status, ORDER, true) > array_search(state_of($id), ORDER, true)) {
        file_put_contents(place_of($id), $status, LOCK_EX);
    }
}

function state_of(string $id): string
{
    return is_file(place_of($id)) ? file_get_contents(place_of($id)) : '';
}

function place_of(string $id): string
{
    return getenv('CLINIC_FOLDER') . '/' . basename($id);
}
